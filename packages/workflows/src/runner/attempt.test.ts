import { readdirSync } from 'node:fs';
import type { OutputDeclaration } from '@formwork/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogChunk, RunOptions, ScriptLaunch } from './script-launch.ts';
import { createScriptRunner } from './script-runner.ts';
import type { ScriptRunner } from './script-runner.ts';
import { filesWith, launchOf, processesWith, readQuietly } from './test-launch.ts';
import { startTestNode, until } from './test-node.ts';
import type { TestNode, TestNodeKind } from './test-node.ts';

/** Seconds that no other process on this host sleeps. */
const mark = 2_000_000 + process.pid;
const never = new AbortController().signal;
const output = (name: string, type: string): OutputDeclaration => ({
  name,
  schema: { type },
  secret: false,
  ttlMs: null,
  minRemainingMs: null,
});

describe.each<TestNodeKind>(['dash', 'busybox', 'sudo'])('an attempt on a node (%s)', { timeout: 90_000 }, (kind) => {
  let node: TestNode;
  let runner: ScriptRunner;
  beforeAll(async () => {
    node = await startTestNode(kind);
    runner = createScriptRunner();
  });
  afterAll(async () => {
    await runner.close();
    await node.stop();
  });
  const run = async (launch: ScriptLaunch, options: Partial<RunOptions> = {}) => {
    const chunks: LogChunk[] = [];
    const result = await runner.runScript(launch, node.target, {
      signal: never,
      onLog: (one) => chunks.push(one),
      ...options,
    });
    return { result, chunks, text: chunks.map((one) => one.text).join('') };
  };
  const work = (name: string): string => readQuietly(node.hostPath(`${node.work}/${name}`));
  const state = (): string => node.hostPath(node.target.stateRoot ?? '');

  it('takes one exec, the first one too, and gives typed outputs', async () => {
    const scripts = {
      check: 'exit 1',
      apply:
        '. ./lib.sh\nhello "$(cat "$FW_DIR/in/params/greeting")"\nprintf "2379\\n" >"$FW_DIR/out/port"\nid -u >"$FW_DIR/out/uid"',
      verify: 'cat "$FW_DIR/files/sub/x.env"; echo "{\\"members\\": [\\"a\\"]}" >"$FW_DIR/out.json"',
    };
    const launch = launchOf(scripts, {
      inputs: { params: { greeting: 'good day' } },
      rendered: { 'sub/x.env': 'X=1\n' },
      outputs: [output('port', 'integer'), output('members', 'array'), output('uid', 'integer')],
    });
    const withLib = { ...launch, files: { ...launch.files, 'lib.sh': 'hello() { echo "hello, $1"; }' } };
    const before = node.execs();
    const { result, text } = await run(withLib);
    expect(result).toEqual({ kind: 'done', outputs: { port: 2379, members: ['a'], uid: 0 }, applied: true });
    expect(text).toBe('[formwork] check\n[formwork] apply\nhello, good day\n[formwork] verify\nX=1\n');
    expect(node.execs() - before).toBe(1);
    await run({ ...withLib, attemptId: `${launch.attemptId}-again`, fence: 2 });
    expect(node.execs() - before).toBe(2);
  });

  it('gives scripts only the environment that is promised', async () => {
    const { text } = await run(launchOf({ apply: 'env' }, { founding: true, action: 'join' }));
    const names = text.split('\n').flatMap((line) => /^([A-Z_]+)=/.exec(line)?.[1] ?? []);
    const own = ['FW_DIR', 'FW_ACTION', 'FW_FOUNDING', 'FW_ROLE', 'FW_NODE', 'PATH', 'LC_ALL', 'DEBIAN_FRONTEND'];
    expect(names.filter((name) => !['PWD', 'SHLVL', 'OLDPWD', '_'].includes(name)).sort()).toEqual(own.sort());
    expect(text).toContain('FW_ACTION=join\n');
    expect(text).toContain('FW_FOUNDING=1\n');
    expect(text).toContain('FW_NODE=edge-etcd-1\n');
    expect(text).toContain('FW_ROLE=etcd-member\n');
  });

  it('does not apply what is as wanted, but verifies it', async () => {
    const { result, text } = await run(launchOf({ check: 'exit 0', apply: 'echo applying', verify: 'echo verifying' }));
    expect(result).toEqual({ kind: 'done', outputs: {}, applied: false });
    expect(text).toContain('verifying');
    expect(text).not.toContain('applying');
  });

  it('knows the exit codes', async () => {
    const of = async (scripts: Parameters<typeof launchOf>[0]) => (await run(launchOf(scripts))).result;
    expect(await of({ check: 'echo odd >&2; exit 2', apply: 'exit 0' })).toEqual({
      kind: 'failed',
      step: 'check',
      exitCode: 2,
      message: 'odd',
    });
    expect(await of({ apply: 'exit 0', verify: 'echo not healthy; exit 3' })).toEqual({
      kind: 'failed',
      step: 'verify',
      exitCode: 3,
      message: 'not healthy',
    });
    expect(await of({ apply: 'echo "unhealthy cluster" >"$FW_DIR/why"; exit 75' })).toEqual({
      kind: 'transient',
      message: 'unhealthy cluster',
    });
    expect(
      await of({ apply: 'echo waiting for quorum >"$FW_DIR/why"; echo 1234 >"$FW_DIR/retry-after-ms"; exit 76' }),
    ).toEqual({ kind: 'not-yet', retryAfterMs: 1234, why: 'waiting for quorum' });
    expect(await of({ apply: 'kill -KILL $$' })).toMatchObject({ kind: 'failed', step: 'apply', exitCode: 137 });
  });

  it('fails when a declared output is missing', async () => {
    const { result } = await run(launchOf({ apply: 'exit 0' }, { outputs: [output('memberId', 'string')] }));
    expect(result).toEqual({
      kind: 'failed',
      step: 'outputs',
      exitCode: 0,
      message: 'the step ended without writing its output "memberId"',
    });
  });

  it('runs remove alone, and nothing when the role has no such step', async () => {
    const launch = launchOf({ apply: 'echo applying', remove: 'echo removing' }, { phase: 'remove', action: 'remove' });
    expect((await run(launch)).text).toBe('[formwork] remove\nremoving\n');
    expect((await run(launchOf({ apply: 'echo applying' }, { phase: 'evict' }))).text).toBe('');
  });

  it('goes on after "not yet" where it stood, when a later claim asks', async () => {
    const launch = launchOf({
      check: 'exit 1',
      apply: `echo apply >>${node.work}/notyet; echo 5 >"$FW_DIR/out/port"`,
      verify: `echo verify >>${node.work}/notyet; [ "$(grep -c verify ${node.work}/notyet)" = 2 ] || exit 76`,
    });
    expect((await run(launch)).result.kind).toBe('not-yet');
    expect((await run(launch)).result.kind).toBe('not-yet');
    expect((await run({ ...launch, fence: 2 })).result).toEqual({
      kind: 'done',
      outputs: { port: '5' },
      applied: true,
    });
    expect(work('notyet')).toBe('apply\nverify\nverify\n');
  });

  it('shows no secret in the log, in ps or on disk, and erases the inputs at the end', async () => {
    const secret = 'hunter22-hunter22';
    const key = `-----BEGIN KEY-----\nQUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\n-----END KEY-----\n`;
    const launch = launchOf(
      {
        apply: `ls "$FW_DIR/in/secret/params"; cat "$FW_DIR/in/secret/params/x.password"; echo; cat "$FW_DIR/in/secret/params/key"
          cat "$FW_DIR/in/inputs.json"; touch ${node.work}/${kind}-going; while [ ! -e ${node.work}/${kind}-go ]; do sleep 0.05; done; cat "$FW_DIR/in/secret/params/x.password" >&2; exit 9`,
      },
      { inputs: { params: { 'x.password': secret, key, open: 1 } }, secretPaths: ['params.x.password', 'params.key'] },
    );
    const running = run(launch);
    await until(
      'it runs',
      () =>
        processesWith(launch.attemptId).length > 0 &&
        filesWith(state(), secret).length > 0 &&
        work(`${kind}-going`) === '' &&
        readdirSync(node.hostPath(node.work)).includes(`${kind}-going`),
    );
    expect(processesWith(secret)).toEqual([]);
    expect(processesWith('QUJDREVGR0hJ')).toEqual([]);
    await run(launchOf({ apply: `touch ${node.work}/${kind}-go` }));
    const { result, text } = await running;
    expect(text).toContain('[redacted]');
    expect(text).toContain('x.password');
    for (const said of [text, JSON.stringify(result)]) {
      expect(said).not.toContain(secret);
      expect(said).not.toContain('QUJDREVGR0hJ');
    }
    expect(result).toMatchObject({
      kind: 'failed',
      exitCode: 9,
      message: expect.stringContaining('[redacted]') as string,
    });
    // What the script itself printed is in its log on the node; nothing else is left.
    expect(filesWith(state(), secret).filter((path) => !path.includes('/log.'))).toEqual([]);
    expect(readdirSync(`${state()}/run/a/${launch.attemptId}`).sort()).not.toContain('fw');
  });

  it('caps a flood of 5 MB at both ends of the log', async () => {
    const launch = launchOf({
      apply: 'echo first; yes 0123456789012345678901234567890123456789 | head -c 5242880; echo; echo last; exit 1',
    });
    const { result, chunks } = await run(launch);
    expect(result).toMatchObject({ kind: 'failed', message: expect.stringMatching(/last$/) as string });
    expect(chunks.at(-1)?.nextOffset).toBeGreaterThan(5242880);
    const kept = filesWith(`${state()}/lib/n/${launch.nodeRoleId}`, '0123456789');
    const bytes = kept.map((path) => readQuietly(path).length).reduce((sum, one) => sum + one, 0);
    expect(bytes).toBeGreaterThanOrEqual(1024 * 1024);
    expect(bytes).toBeLessThan(2.6 * 1024 * 1024);
    const again = await run(launch);
    expect(again.text.startsWith('[formwork] apply\nfirst\n')).toBe(true);
    expect(again.text.endsWith('last\n')).toBe(true);
  });

  it('bears binary junk', async () => {
    const { result, text } = await run(
      launchOf({ apply: 'head -c 100000 /dev/urandom; printf "\\000FW1 end done\\nFW1 log 0 99\\n"; echo end' }),
    );
    expect(result.kind).toBe('done');
    expect(text).toContain('FW1 end done\n');
    expect(text).not.toContain('\0');
    expect(text.endsWith('end\n')).toBe(true);
  });

  it('keeps three attempts of a node-role', async () => {
    const launch = launchOf({ apply: 'exit 0' });
    for (const number of [1, 2, 3, 4, 5])
      await run({ ...launch, attemptId: `${launch.attemptId}-${number}`, fence: number });
    const kept = readdirSync(`${state()}/lib/n/${launch.nodeRoleId}/a`).map((name) => name.slice(-1));
    expect(kept.sort()).toEqual(['3', '4', '5']);
  });

  it('lets a daemon live that has made its own session, and ends what was only left behind', async () => {
    const daemon = `setsid sh -c 'touch ${node.work}/daemon; exec sleep ${mark}2' >/dev/null 2>&1 &`;
    const started = `while [ ! -e ${node.work}/daemon ]; do sleep 0.05; done`;
    const { result } = await run(launchOf({ apply: `sleep ${mark}1 & ${daemon} ${started}` }));
    expect(result.kind).toBe('done');
    expect(processesWith(`sleep\u0000${mark}1`)).toEqual([]);
    const [alive] = processesWith(`sleep\u0000${mark}2`);
    expect(alive).toBeDefined();
    if (alive !== undefined) process.kill(alive, 'SIGKILL');
  });
});
