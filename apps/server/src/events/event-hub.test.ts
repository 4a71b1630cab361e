import type { EventNames, EventRow } from '@formwork/db';
import { expect, it } from 'vitest';
import { openEventHub } from './event-hub.ts';

const row = (id: number): EventRow => ({
  id,
  at: '2026-01-01T00:00:00.000Z',
  kind: 'test.event',
  actor: 'test',
  deploymentId: null,
  runId: null,
  nodeId: null,
  nodeRoleId: null,
  data: {},
});
const noNames: EventNames = { deployments: new Map(), nodes: new Map(), sites: new Map() };
const log = { info: () => {}, warn: () => {}, error: () => {} };

/** A hub whose events come from `publish`; the names of those that hold 3 are known when `found` is called. */
function openHub() {
  let publish: (rows: readonly EventRow[]) => void = () => undefined;
  let found: (names: EventNames) => void = () => undefined;
  const looking = new Promise<EventNames>((resolve) => {
    found = resolve;
  });
  const names = {
    of: (rows: readonly EventRow[]) => (rows.some(({ id }) => id === 3) ? looking : Promise.resolve(noNames)),
  };
  const subscribe = (listener: (rows: readonly EventRow[]) => void) => {
    publish = listener;
    return () => undefined;
  };
  const hub = openEventHub({ feed: { subscribe }, names, log });
  return { hub, publish: (id: number) => publish([row(id)]), found: () => found(noNames) };
}

it('gives out what was being named while what was gathered before it went out', async () => {
  const { hub, publish, found } = openHub();
  const heard: number[] = [];
  let wake: () => void = () => undefined;
  const heardUpTo = async (id: number): Promise<void> => {
    while ((heard.at(-1) ?? 0) < id) await new Promise<void>((resolve) => (wake = resolve));
  };
  hub.listen(
    (batch) => {
      for (const { id } of batch.rows('test.event')) heard.push(id);
      wake();
    },
    () => undefined,
  );
  // The first goes out at once, the second by the timer, while the third waits for its names.
  for (const id of [1, 2, 3]) publish(id);
  await heardUpTo(2);
  found();
  publish(4);
  await heardUpTo(4);
  expect(heard).toEqual([1, 2, 3, 4]);
  await hub.close();
});
