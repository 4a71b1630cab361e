import { setTimeout as sleep } from 'node:timers/promises';
import { FormworkError, runEnded, type RunResponse } from '@formwork/api';
import type { Session } from '../session.ts';
import { renderChanges } from './changes.ts';
import { createScreen } from './screen.ts';
import { readSnapshot, type Snapshot } from './snapshot.ts';
import { renderTree } from './tree.ts';

/** Looks no more often than this, nor more than a third of the time; without an event it looks after `restMs`. */
const paceMs = 250;
const restMs = 2_000;

/**
 * Shows a deployment until its run has ended: a tree that is redrawn on a terminal, changed lines elsewhere (on
 * stderr where stdout is for json and yaml). Answers with the run; null when there is none.
 */
export async function watchRun(session: Session, name: string, runId: string | null): Promise<RunResponse | null> {
  const stop = new AbortController();
  const signal = AbortSignal.any([session.io.interrupted, stop.signal]);
  const bell = createBell();
  const listening = listen(session, name, signal, bell.ring);
  const show = createView(session);
  try {
    let readMs = performance.now();
    let snapshot = await readPatiently(session, name, runId);
    for (;;) {
      readMs = performance.now() - readMs;
      show(snapshot);
      if (snapshot.run === null) return null;
      if (runEnded(snapshot.run.state)) {
        // The node-roles were read before the run: once more, so that the last ends are seen.
        snapshot = await readPatiently(session, name, snapshot.run.id);
        show(snapshot);
        return snapshot.run;
      }
      await bell.wait(restMs, session.io.interrupted);
      await sleep(Math.max(paceMs, 2 * readMs), undefined, { signal: session.io.interrupted });
      readMs = performance.now();
      snapshot = await readPatiently(session, name, snapshot.run.id);
    }
  } catch (error) {
    if (session.io.interrupted.aborted) session.note(`no longer watching; the run goes on: formwork watch ${name}`);
    throw error;
  } finally {
    stop.abort();
    await listening;
  }
}

/** A server that restarts under the watcher is no reason to end; one that stays away is. */
async function readPatiently(session: Session, name: string, runId: string | null): Promise<Snapshot> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await readSnapshot(session.client, name, runId, session.io.interrupted);
    } catch (error) {
      const mayPass = error instanceof FormworkError && error.kind === 'retryable';
      if (!mayPass || attempt >= 30 || session.io.interrupted.aborted) throw error;
      if (attempt === 1) session.note(`${session.paint.yellow('lost the server')}: ${error.message}; trying again`);
      await sleep(1_000, undefined, { signal: session.io.interrupted });
    }
  }
}

/** Rings at each event of the deployment. The feed only makes it quick: without it, `restMs` does. */
async function listen(session: Session, name: string, signal: AbortSignal, ring: () => void): Promise<void> {
  try {
    const events = session.client.stream('listEvents', { query: { deployment: name }, signal });
    while ((await events.next()).done !== true) ring();
  } catch {
    // The next snapshot says what is wrong, if anything.
  }
}

function createBell() {
  let rung = false;
  let wake: (() => void) | null = null;
  return {
    ring: () => {
      rung = true;
      wake?.();
    },
    wait: async (atMostMs: number, signal: AbortSignal): Promise<void> => {
      if (!rung) {
        const woken = new AbortController();
        wake = () => {
          woken.abort();
        };
        await sleep(atMostMs, undefined, { signal: AbortSignal.any([woken.signal, signal]) }).catch(() => undefined);
        wake = null;
      }
      rung = false;
    },
  };
}

function createView(session: Session): (snapshot: Snapshot) => void {
  const { io, paint, format } = session;
  const target = format === 'table' ? io.out : io.err;
  if (target.isTerminal) {
    const screen = createScreen(target);
    return (snapshot) => {
      const ended = snapshot.run === null || runEnded(snapshot.run.state);
      const rows = ended ? null : target.rows - 1;
      screen.draw(renderTree(snapshot, { nowMs: Date.now(), columns: target.columns, rows, paint }));
    };
  }
  let before: Snapshot | null = null;
  return (snapshot) => {
    for (const line of renderChanges(before, snapshot, new Date(), paint)) target.write(`${line}\n`);
    before = snapshot;
  };
}
