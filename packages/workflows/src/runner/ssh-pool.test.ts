import { getEventListeners, setMaxListeners } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { generateDeploymentKeyPair } from './deployment-key-pair.ts';
import type { LogChunk } from './script-launch.ts';
import { createScriptRunner } from './script-runner.ts';
import { launchOf, readQuietly } from './test-launch.ts';
import { startTestNode, until } from './test-node.ts';
import type { TestNode } from './test-node.ts';

const never = new AbortController().signal;
// A worker gives every attempt a signal of its own; here twenty at once listen to this one.
setMaxListeners(0, never);

describe('connections to a node', { timeout: 90_000 }, () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await startTestNode('busybox');
  });
  afterAll(() => node.stop());
  afterEach(() => expect(getEventListeners(never, 'abort')).toEqual([]));

  it('runs 20 attempts at once over few connections, none with more than 8 channels', async () => {
    const runner = createScriptRunner();
    const before = node.connections();
    const gate = `${node.work}/twenty`;
    const launches = Array.from({ length: 20 }, () =>
      launchOf({ apply: `echo began >>${gate}-began; while [ ! -e ${gate} ]; do sleep 0.1; done; echo ok` }),
    );
    const chunks: LogChunk[] = [];
    const running = launches.map((launch) =>
      runner.runScript(launch, node.target, { signal: never, onLog: (one) => chunks.push(one) }),
    );
    await until('all of them run', () => readQuietly(node.hostPath(`${gate}-began`)).split('\n').length === 21, 60_000);
    expect(runner.usage(node.target)).toEqual({ connections: 3, channels: 20 });
    const opener = launchOf({ apply: `touch ${gate}` });
    expect((await runner.runScript(opener, node.target, { signal: never })).kind).toBe('done');
    const results = await Promise.all(running);
    expect(results.every((result) => result.kind === 'done')).toBe(true);
    expect(chunks.filter((chunk) => chunk.text.includes('ok')).length).toBe(20);
    expect(node.connections() - before).toBe(3);
    expect(runner.usage(node.target).channels).toBe(0);
    await runner.close();
    expect(runner.usage(node.target).connections).toBe(0);
  });

  it('lets the others wait when all channels are taken, but not an abort', async () => {
    const runner = createScriptRunner({ channelsPerConnection: 1, connectionsPerTarget: 1 });
    const blocker = launchOf({ apply: `touch ${node.work}/blocking; sleep 6000` });
    const blocked = runner.runScript(blocker, node.target, { signal: never });
    await until(
      'it runs',
      () =>
        node.hostPath(`${node.work}/blocking`) !== '' &&
        readQuietly(node.hostPath(`${node.target.stateRoot ?? ''}/run/a/${blocker.attemptId}/sessions`)) !== '',
    );
    const controller = new AbortController();
    const waiting = runner.runScript(launchOf({ apply: 'exit 0' }), node.target, { signal: controller.signal });
    const next = runner.runScript(launchOf({ apply: 'exit 0' }), node.target, { signal: never });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    expect(await runner.abortAttempt(blocker.attemptId, node.target)).toBe('gone');
    expect(await blocked).toEqual({ kind: 'aborted' });
    expect((await next).kind).toBe('done');
    await runner.close();
  });

  it('closes a connection that nobody uses', async () => {
    const runner = createScriptRunner({ idleMs: 50 });
    await runner.runScript(launchOf({ apply: 'exit 0' }), node.target, { signal: never });
    expect(runner.usage(node.target).connections).toBe(1);
    await until('it is closed', () => runner.usage(node.target).connections === 0);
    await runner.close();
  });

  it('says unreachable only when the grace time is over, and finds the attempt afterwards', async () => {
    const runner = createScriptRunner({ reconnectGraceMs: 300, connectTimeoutMs: 300, retryMs: 50 });
    const launch = launchOf({
      apply: `echo run >>${node.work}/away; while [ ! -e ${node.work}/back ]; do sleep 0.1; done`,
    });
    const running = runner.runScript(launch, node.target, { signal: never });
    await until('it runs', () => readQuietly(node.hostPath(`${node.work}/away`)) !== '');
    node.cut(true);
    expect(await running).toMatchObject({ kind: 'unreachable' });
    expect(await runner.runScript({ ...launch, fence: 2 }, node.target, { signal: never })).toMatchObject({
      kind: 'unreachable',
    });
    expect(await runner.abortAttempt('whatever', node.target)).toBe('unreachable');
    node.accept();
    const patient = createScriptRunner();
    await patient.runScript(launchOf({ apply: `touch ${node.work}/back` }), node.target, { signal: never });
    expect((await patient.runScript({ ...launch, fence: 3 }, node.target, { signal: never })).kind).toBe('done');
    expect(readQuietly(node.hostPath(`${node.work}/away`))).toBe('run\n');
    await patient.close();
    await runner.close();
  });

  it('says so when the node does not take our key', async () => {
    const runner = createScriptRunner();
    const stranger = { ...node.target, privateKey: generateDeploymentKeyPair().privateKey };
    expect(await runner.runScript(launchOf({ apply: 'exit 0' }), stranger, { signal: never })).toMatchObject({
      kind: 'unreachable',
      message: expect.stringContaining('does not accept our key') as string,
    });
    await runner.close();
  });

  it('sends nothing to a node with another host key', async () => {
    const runner = createScriptRunner();
    await node.changeHostKey();
    const execs = node.execs();
    const connections = node.connections();
    const result = await runner.runScript(launchOf({ apply: 'exit 0' }), node.target, { signal: never });
    expect(result).toMatchObject({
      kind: 'host-key-changed',
      message: expect.stringMatching(/SHA256:.*SHA256:/) as string,
    });
    expect(node.execs()).toBe(execs);
    expect(node.connections() - connections).toBe(1);
    expect(await runner.abortAttempt('whatever', node.target)).toBe('unreachable');
    await runner.close();
  });
});
