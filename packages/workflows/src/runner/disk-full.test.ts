import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunOptions, ScriptLaunch } from './script-launch.ts';
import { createScriptRunner } from './script-runner.ts';
import type { ScriptRunner } from './script-runner.ts';
import { launchOf, readQuietly } from './test-launch.ts';
import { startTestNode } from './test-node.ts';
import type { TestNode, TestNodeKind } from './test-node.ts';

const never = new AbortController().signal;

describe.each<TestNodeKind>(['dash', 'busybox'])('a node whose disk is full (%s)', { timeout: 60_000 }, (kind) => {
  let node: TestNode;
  let runner: ScriptRunner;
  beforeAll(async () => {
    node = await startTestNode(kind, { diskKib: 1024 });
    runner = createScriptRunner({ retryMs: 50 });
  });
  afterAll(async () => {
    await runner.close();
    await node.stop();
  });
  const follow = (launch: ScriptLaunch, options: Partial<RunOptions> = {}) =>
    runner.runScript(launch, node.target, { signal: never, ...options });
  const lib = () => `${node.target.stateRoot ?? ''}/lib`;
  const seen = (name: string): string => readQuietly(node.hostPath(`${node.work}/${name}`));
  const fill = () => node.inside(`dd if=/dev/zero of=${node.hostPath(lib())}/fill bs=1024 2>/dev/null; true`);
  const free = () => node.inside(`rm -f ${node.hostPath(lib())}/fill`);

  it('keeps no half of the supervisor', async () => {
    await fill();
    const launch = launchOf({ apply: `echo run >>${node.work}/first` });
    expect(await follow(launch)).toMatchObject({
      kind: 'failed',
      step: 'supervisor',
      message: expect.stringContaining('could not be stored') as string,
    });
    await free();
    expect(await follow(launch)).toMatchObject({ kind: 'done' });
    expect(seen('first')).toBe('run\n');
  });

  it('starts nothing and says why; with room the same attempt runs, once', async () => {
    await fill();
    const launch = launchOf({ apply: `echo run >>${node.work}/refused` });
    expect(await follow(launch)).toMatchObject({
      kind: 'failed',
      step: 'supervisor',
      message: expect.stringContaining('No space left on device') as string,
    });
    expect(seen('refused')).toBe('');
    await free();
    expect(await follow(launch)).toMatchObject({ kind: 'done' });
    expect(seen('refused')).toBe('run\n');
  });

  it('records how a step ended that filled it, without losing the step to its log', async () => {
    const flood = `dd if=/dev/zero of=${lib()}/fill bs=1024 2>/dev/null; seq 1 50000; echo end >>${node.work}/flood; exit 3`;
    const launch = launchOf({ apply: flood });
    expect(await follow(launch)).toMatchObject({
      kind: 'failed',
      step: 'apply',
      exitCode: 3,
      message: expect.stringContaining('No space left on device') as string,
    });
    expect(seen('flood')).toBe('end\n');
    await free();
    const next = launchOf({ apply: 'true' }, { nodeRoleId: launch.nodeRoleId, fence: 2 });
    expect(await follow(next)).toMatchObject({ kind: 'done' });
  });

  it('keeps no half of a role folder', async () => {
    const big = {
      files: {
        'apply.sh': `#!/bin/sh\n. ./big.sh\n`,
        'big.sh': `echo run >>${node.work}/big\n${'#'.repeat(400_000)}\n`,
      },
    };
    const launch = launchOf({ apply: 'true' }, big);
    await node.inside(`dd if=/dev/zero of=${node.hostPath(lib())}/fill bs=1024 2>/dev/null; true`);
    await node.inside(`dd if=/dev/null of=${node.hostPath(lib())}/fill bs=1024 seek=500 2>/dev/null`);
    await follow(launch);
    await free();
    const next = launchOf({ apply: 'true' }, { ...big, bundleDigest: launch.bundleDigest });
    expect(await follow(next)).toMatchObject({ kind: 'done' });
    expect(seen('big')).toMatch(/run\n$/);
  });
});
