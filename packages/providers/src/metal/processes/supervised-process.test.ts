import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ProcessPlan, type SupervisedProcess, superviseProcess } from './supervised-process.ts';

let directory: string;
let running: SupervisedProcess[] = [];
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'formwork-supervised-'));
});
afterEach(async () => {
  for (const each of running) await each.close();
  running = [];
  rmSync(directory, { recursive: true, force: true });
});

function supervise(program: string, more: Partial<ProcessPlan> = {}) {
  const file = path.join(directory, 'program.cjs');
  writeFileSync(file, program);
  const heard: unknown[] = [];
  const ended: { how: string; delayMs: number; lines: readonly string[] }[] = [];
  const supervised = superviseProcess({
    ...{ name: 'test', program: file, args: [] },
    heard: (message) => heard.push(message),
    said: () => undefined,
    ended: (how, delayMs, lines) => ended.push({ how, delayMs, lines }),
    backoff: { firstMs: 1, greatestMs: 4, stableMs: 60_000 },
    ...more,
  });
  running.push(supervised);
  return { heard, ended, supervised };
}

it('starts again what ends, with growing pauses, and tells its last words', async () => {
  const { ended } = supervise(`console.log('on my way'); process.exit(3);`);
  await expect.poll(() => ended.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(4);
  expect(ended.slice(0, 4).map(({ delayMs }) => delayMs)).toEqual([1, 2, 4, 4]);
  expect(ended[0]).toMatchObject({ how: 'exit code 3', lines: ['on my way'] });
});

it('gives nothing of our environment, and ends with its channel', async () => {
  process.env['FORMWORK_MASTER_KEY'] = 'secret';
  try {
    const { heard, supervised } = supervise(
      `process.on('disconnect', () => process.exit(0)); process.send({ env: Object.keys(process.env) });`,
    );
    await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(1);
    const names = (heard[0] as { env: string[] }).env;
    expect(names.filter((name) => /FORMWORK|DATABASE|KEY|TOKEN/.test(name))).toEqual([]);
    expect(supervised.pid()).toBeGreaterThan(0);
    await supervised.close();
    expect(supervised.pid()).toBeNull();
  } finally {
    delete process.env['FORMWORK_MASTER_KEY'];
  }
});

it('answers the process that asked', async () => {
  const { heard } = supervise(
    `process.on('message', (message) => process.send({ got: message })); process.send({ ask: 1 });`,
    {
      heard: (message, answer) => {
        heard.push(message);
        if ('ask' in (message as object)) answer({ value: 2 });
      },
    },
  );
  await expect.poll(() => heard.length, { timeout: 20_000 }).toBe(2);
  expect(heard[1]).toEqual({ got: { value: 2 } });
});
