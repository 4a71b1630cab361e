import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogChunk, RunOptions, ScriptLaunch } from './script-launch.ts';
import { createScriptRunner } from './script-runner.ts';
import type { ScriptRunner } from './script-runner.ts';
import { launchOf, processesWith, readQuietly } from './test-launch.ts';
import { startTestNode, until } from './test-node.ts';
import type { TestNode, TestNodeKind } from './test-node.ts';

/** Seconds that no other process on this host sleeps: two runs of this file must not see each other. */
const mark = 1_000_000 + process.pid;
const never = new AbortController().signal;

describe.each<TestNodeKind>(['dash', 'busybox'])('what an attempt survives (%s)', { timeout: 90_000 }, (kind) => {
  let node: TestNode;
  let runner: ScriptRunner;
  beforeAll(async () => {
    node = await startTestNode(kind);
    runner = createScriptRunner({ retryMs: 50 });
  });
  afterAll(async () => {
    await runner.close();
    await node.stop();
  });
  const follow = (launch: ScriptLaunch, options: Partial<RunOptions> = {}, by: ScriptRunner = runner) => {
    const chunks: LogChunk[] = [];
    const text = (): string => chunks.map((one) => one.text).join('');
    const result = by.runScript(launch, node.target, { signal: never, onLog: (one) => chunks.push(one), ...options });
    return { result, chunks, text };
  };
  const seen = (name: string): string => readQuietly(node.hostPath(`${node.work}/${name}`));
  const there = (name: string): boolean => existsSync(node.hostPath(`${node.work}/${name}`));
  const state = (path: string): string => node.hostPath(`${node.target.stateRoot ?? ''}/${path}`);
  const gate = (name: string): string => `while [ ! -e ${node.work}/${name} ]; do sleep 0.05; done`;
  const open = async (name: string) => follow(launchOf({ apply: `touch ${node.work}/${name}` })).result;
  const keeperOf = (launch: ScriptLaunch): number =>
    Number(readFileSync(state(`lib/n/${launch.nodeRoleId}/a/${launch.attemptId}/keeper`), 'utf8').split(' ')[0]);

  it('runs once and loses no byte when the connection is cut', async () => {
    const launch = launchOf({
      apply: `echo run >>${node.work}/cut; echo one; ${gate('cut-go')}; echo two`,
      verify: 'echo three',
    });
    const attempt = follow(launch);
    await until('the first line is there', () => attempt.text().includes('one'));
    const execs = node.execs();
    node.cut();
    await until('it has attached again', () => node.execs() > execs);
    await open('cut-go');
    expect((await attempt.result).kind).toBe('done');
    expect(attempt.text()).toBe('[formwork] apply\none\ntwo\n[formwork] verify\nthree\n');
    expect(attempt.chunks.every((chunk, index) => chunk.offset === (attempt.chunks[index - 1]?.nextOffset ?? 0))).toBe(
      true,
    );
    expect(seen('cut')).toBe('run\n');
  });

  it('goes on without its worker; the next one attaches and hears the rest', async () => {
    const launch = launchOf({
      apply: `echo run >>${node.work}/killed; echo one; ${gate('killed-go')}; echo two; echo v >"$FW_DIR/out/x"`,
    });
    const first = createScriptRunner();
    const stop = new AbortController();
    const attempt = follow(launch, { signal: stop.signal }, first);
    await until('the first line is there', () => attempt.text().includes('one'));
    stop.abort(new Error('worker stops'));
    await expect(attempt.result).rejects.toThrow('worker stops');
    await first.close();
    const heard = attempt.chunks.at(-1)?.nextOffset ?? 0;
    const second = follow({ ...launch, fence: 2 }, { fromOffset: heard });
    await open('killed-go');
    expect(await second.result).toEqual({ kind: 'done', outputs: { x: 'v' }, applied: true });
    expect(attempt.text() + second.text()).toBe('[formwork] apply\none\ntwo\n');
    const third = follow({ ...launch, fence: 3 });
    expect(await third.result).toEqual({ kind: 'done', outputs: { x: 'v' }, applied: true });
    expect(third.text()).toBe('[formwork] apply\none\ntwo\n');
    expect(seen('killed')).toBe('run\n');
  });

  it('starts once, however many workers ask at the same moment', async () => {
    const launch = launchOf({ apply: `echo run >>${node.work}/once; sleep 0.3; echo v >"$FW_DIR/out/x"` });
    const workers = Array.from({ length: 5 }, () => createScriptRunner());
    const results = await Promise.all(workers.map((worker) => follow(launch, {}, worker).result));
    for (const result of results) expect(result).toEqual({ kind: 'done', outputs: { x: 'v' }, applied: true });
    expect(seen('once')).toBe('run\n');
    await Promise.all(workers.map((worker) => worker.close()));
  });

  it('takes half an end for none', async () => {
    const launch = launchOf({ apply: `echo one; ${gate('half-go')}; echo v >"$FW_DIR/out/x"` });
    const attempt = follow(launch);
    await until('the first line is there', () => attempt.text().includes('one'));
    writeFileSync(state(`lib/n/${launch.nodeRoleId}/a/${launch.attemptId}/status`), 'done - 0');
    const second = follow({ ...launch, fence: 2 });
    await until('the second hears it', () => second.text().includes('one'));
    await open('half-go');
    for (const one of [attempt, second])
      expect(await one.result).toEqual({ kind: 'done', outputs: { x: 'v' }, applied: true });
  });

  it('never runs two at once in one lane', async () => {
    const lane = `crowded-${kind}`;
    const alone = `mkdir ${node.work}/alone || exit 1; sleep 0.05; rmdir ${node.work}/alone`;
    const all = Array.from({ length: 10 }, () => follow(launchOf({ apply: alone }, { lane })).result);
    for (const result of await Promise.all(all)) expect(result.kind).toBe('done');
  });

  it('refuses a claim with a lower fence', async () => {
    const launch = launchOf({ apply: `echo run >>${node.work}/fence` });
    await follow({ ...launch, fence: 7 }).result;
    const late = await follow({ ...launch, attemptId: `${launch.attemptId}-late`, fence: 6 }).result;
    expect(late).toMatchObject({ kind: 'fenced', message: expect.stringContaining('7') as string });
    expect(seen('fence')).toBe('run\n');
  });

  it('is lost when its directory is gone, when the node restarted, or when its keeper died', async () => {
    const start = async (name: string) => {
      const launch = launchOf({ apply: `touch ${node.work}/${name}; sleep ${mark}00` });
      const stop = new AbortController();
      const attempt = follow(launch, { signal: stop.signal });
      await until('it runs', () => there(name));
      stop.abort();
      await attempt.result.catch(() => undefined);
      return { ...launch, fence: 2 };
    };
    const noDirectory = await start('lost-1');
    rmSync(state(`run/a/${noDirectory.attemptId}`), { recursive: true });
    expect(await follow(noDirectory).result).toMatchObject({
      kind: 'lost',
      message: expect.stringMatching(/directory|supervisor/) as string,
    });
    const restarted = await start('lost-2');
    const elsewhere = { ...node.target, bootId: 'another-boot' };
    const afterBoot = await runner.runScript(restarted, elsewhere, { signal: never });
    expect(afterBoot).toMatchObject({ kind: 'lost', message: expect.stringContaining('restarted') as string });
    await runner.abortAttempt(restarted.attemptId, node.target);
    process.kill(keeperOf(restarted), 'SIGTERM');
    const orphaned = await start('lost-3');
    process.kill(keeperOf(orphaned), 'SIGKILL');
    expect(await follow(orphaned).result).toMatchObject({
      kind: 'lost',
      message: expect.stringContaining('supervisor') as string,
    });
    const unknown = follow(launchOf({ apply: `touch ${node.work}/lost-4` }), { attachOnly: true });
    expect(await unknown.result).toMatchObject({ kind: 'lost' });
    expect(there('lost-4')).toBe(false);
    await until('nothing is left', () => processesWith(`sleep\u0000${mark}00`).length === 0);
  });

  it('is lost, not aborted, when somebody else tells its keeper to end, as a node that shuts down does', async () => {
    const launch = launchOf({ apply: `touch ${node.work}/told; sleep ${mark}01` });
    const attempt = follow(launch);
    await until('it runs', () => there('told'));
    process.kill(keeperOf(launch), 'SIGTERM');
    expect(await attempt.result).toMatchObject({
      kind: 'lost',
      message: expect.stringContaining('told to end') as string,
    });
    expect(processesWith(`sleep\u0000${mark}01`)).toEqual([]);
  });

  it('starts a new attempt only when the old one has ended', async () => {
    const lane = `lane-shared-${kind}`;
    const launch = launchOf(
      {
        apply: `echo old-begin >>${node.work}/order; touch ${node.work}/old; ${gate('old-go')}; echo old-end >>${node.work}/order`,
      },
      { lane },
    );
    const old = follow(launch);
    await until('the old one runs', () => there('old'));
    const other = launchOf(
      { apply: `echo new >>${node.work}/order` },
      { lane, nodeRoleId: launch.nodeRoleId, fence: 2 },
    );
    const neighbour = launchOf({ apply: 'echo neighbour' }, { lane });
    const next = follow(other);
    const beside = follow(neighbour);
    await until('both wait', () => next.text().includes('waiting until') && beside.text().includes('waiting until'));
    await open('old-go');
    expect((await old.result).kind).toBe('done');
    expect((await next.result).kind).toBe('done');
    expect((await beside.result).kind).toBe('done');
    expect(seen('order')).toBe('old-begin\nold-end\nnew\n');
  });

  it('clears away what a dead keeper left before a new attempt starts', async () => {
    const launch = launchOf({ apply: `touch ${node.work}/orphan; setsid sleep ${mark}01 & sleep ${mark}02` });
    const stop = new AbortController();
    const old = follow(launch, { signal: stop.signal });
    await until('it runs', () => there('orphan') && processesWith(`sleep\u0000${mark}01`).length > 0);
    stop.abort();
    await old.result.catch(() => undefined);
    process.kill(keeperOf(launch), 'SIGKILL');
    const next = follow(
      launchOf(
        { apply: `grep -l "${mark}0[12]" /proc/[0-9]*/cmdline 2>/dev/null | grep -v "/$$/"; exit 0` },
        { nodeRoleId: launch.nodeRoleId, lane: launch.lane, fence: 2 },
      ),
    );
    expect((await next.result).kind).toBe('done');
    expect(processesWith(`sleep\u0000${mark}0`).length).toBe(0);
    expect(next.text()).not.toContain('/proc/');
  });

  it('starts nothing that comes after it was proved gone, under the same claim or an older one', async () => {
    const launch = launchOf({ apply: `touch ${node.work}/late` }, { fence: 2 });
    expect(await follow(launch, { abort: AbortSignal.abort() }).result).toEqual({ kind: 'aborted' });
    for (const fence of [1, 2]) expect((await follow({ ...launch, fence }).result).kind).toBe('fenced');
    expect(there('late')).toBe(false);
    expect((await follow({ ...launch, fence: 3 }).result).kind).toBe('done');
  });

  it('aborts every process of it, also those that made a session of their own or will not listen', async () => {
    const launch = launchOf({
      apply: `trap '' TERM; (sh -c 'setsid sleep ${mark}11 & sleep ${mark}12' &) ; env -i setsid sleep ${mark}13 & touch ${node.work}/abort; while :; do sleep ${mark}14; done`,
    });
    const abort = new AbortController();
    const attempt = follow(launch, { abort: abort.signal });
    await until('all run', () =>
      ['1', '2', '3', '4'].every((one) => processesWith(`sleep\u0000${mark}1${one}`).length > 0),
    );
    abort.abort();
    expect(await attempt.result).toEqual({ kind: 'aborted' });
    expect(processesWith(`sleep\u0000${mark}1`)).toEqual([]);
    expect(processesWith(launch.attemptId)).toEqual([]);
    expect(await follow({ ...launch, fence: 2 }).result).toEqual({ kind: 'aborted' });
    expect(await runner.abortAttempt(launch.attemptId, node.target)).toBe('gone');
    expect(await runner.abortAttempt('never-heard-of', node.target)).toBe('gone');
    expect(existsSync(state(`run/a/${launch.attemptId}/fw`))).toBe(false);
  });

  it('is killed on the node when its time is up, with nobody watching', async () => {
    const launch = launchOf(
      { apply: `touch ${node.work}/late; sleep ${mark}21 & sleep ${mark}22` },
      { timeoutMs: 1500 },
    );
    const stop = new AbortController();
    const attempt = follow(launch, { signal: stop.signal });
    await until('it runs', () => there('late'));
    stop.abort();
    await attempt.result.catch(() => undefined);
    await until('it is killed', () => processesWith(`sleep\u0000${mark}2`).length === 0);
    expect(await follow({ ...launch, fence: 2 }).result).toMatchObject({
      kind: 'timeout',
      message: expect.stringContaining('apply') as string,
    });
  });

  it('is killed by the worker when the node does not do it', async () => {
    const impatient = createScriptRunner({ timeoutGraceMs: -59_000 });
    const launch = launchOf({ apply: `sleep ${mark}31` });
    expect(await follow(launch, {}, impatient).result).toMatchObject({ kind: 'timeout' });
    expect(processesWith(`sleep\u0000${mark}31`)).toEqual([]);
    await impatient.close();
  });

  it('restarts the node when a step asks for it, and verifies once it is another boot', async () => {
    const launch = launchOf({
      apply: 'echo "{\\"a\\": 1}" >"$FW_DIR/out.json"; echo x >"$FW_DIR/out/b"; exit 77',
      verify: `echo verified >>${node.work}/boot; echo y >"$FW_DIR/out/c"`,
    });
    const target = { ...node.target, bootId: 'boot-1' };
    const asked = await runner.runScript(launch, target, { signal: never });
    expect(asked).toEqual({ kind: 'reboot', bootId: 'boot-1' });
    await until('the node was told to restart', () => there('rebooted'));
    rmSync(node.hostPath(`${node.work}/rebooted`));
    const verify = { ...launch, phase: 'verify', fromBootId: 'boot-1', fence: 2 } as const;
    expect(await runner.runScript(verify, target, { signal: never })).toMatchObject({ kind: 'not-yet' });
    node.cut(true);
    expect(await runner.runScript(verify, target, { signal: never })).toMatchObject({
      kind: 'not-yet',
      why: expect.stringContaining('restarting') as string,
    });
    node.accept();
    const anew = { ...node.target, bootId: 'boot-2' };
    let verified = await runner.runScript(verify, anew, { signal: never });
    while (verified.kind === 'not-yet') verified = await runner.runScript(verify, anew, { signal: never });
    expect(verified).toEqual({
      kind: 'done',
      outputs: { a: 1, b: 'x', c: 'y' },
      applied: true,
    });
    expect(await runner.runScript({ ...verify, fence: 3 }, anew, { signal: never })).toMatchObject({ kind: 'done' });
    expect(seen('boot')).toBe('verified\n');
  });

  it('tells boots apart without help, also those of containers on one host', async () => {
    const launch = launchOf({ apply: 'exit 77' });
    const asked = await follow(launch).result;
    const own = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    expect(asked).toMatchObject({
      kind: 'reboot',
      bootId: expect.stringMatching(new RegExp(`^${own}-\\d+$`)) as string,
    });
    await until('the node was told to restart', () => there('rebooted'));
  });

  it('leaves no process of its own behind', async () => {
    await until('all are gone', () => processesWith(`${node.target.stateRoot ?? ''}/lib/bin`).length === 0);
    expect(readdirSync(state('run/locks')).filter((name) => name.endsWith('.break'))).toEqual([]);
  });
});
