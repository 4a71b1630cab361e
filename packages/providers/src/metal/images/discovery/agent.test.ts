/** The agent's own scripts, run on this host against a server that checks every signature and counter. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  type AgentServer,
  type GivenTask,
  startAgentServer,
  type TaskResult,
} from '../../../../../../test/lab/agent-server/agent-server.ts';
import { until } from '../../../../../../test/support/until.ts';
import { type AgentMachine, openAgentMachine } from './testing/agent-machine.ts';

let server: AgentServer;
let machine: AgentMachine;
afterEach(async () => {
  machine.close();
  await server.close();
});

const vdaBytes = 8192 * 512;

/** A machine with a server, a key and a disk `vda` full of ones; the agent is running. */
async function begin({ key = true, words = [] as readonly string[] } = {}): Promise<void> {
  server = await startAgentServer();
  machine = openAgentMachine({
    arguments: [
      `formwork.server=http://127.0.0.1:${server.port}`,
      'formwork.mac=52-54-00-77-00-01',
      `formwork.token=${server.token}`,
      ...words,
    ],
    sitePublicKey: key ? server.sitePublicKey : null,
  });
  writeFileSync(machine.device('vda'), Buffer.alloc(vdaBytes, 1));
  machine.start();
}

const resultOf = async (task: GivenTask): Promise<TaskResult> => {
  const result = await until('the result', task.result, (seen) => seen !== undefined, 25_000);
  if (result === undefined) throw new Error('unreachable');
  return result;
};
const asked = (what: string): number => server.requests.filter((request) => request === what).length;
/** Not merely waiting for its parent to hear of its end. */
const lives = (pid: string): boolean =>
  existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
const zstd = (data: Buffer): Buffer => execFileSync('zstd', ['-q', '-c'], { input: data });
const disk = (): Buffer => readFileSync(machine.device('vda'));
const untouched = (): boolean => disk().equals(Buffer.alloc(vdaBytes, 1));

/** Random, a hole, random. */
const content = Buffer.concat([randomBytes(700_001), Buffer.alloc(1_500_000), randomBytes(99)]);
const writeVda = {
  kind: 'write-image',
  image: 'os',
  format: 'raw',
  sha256: sha256(content),
  sizeBytes: content.length,
  hints: { serial: 'DISK1' },
  sparse: true,
};

describe('a session', () => {
  it('is claimed, reported in and asked for tasks; a script runs and its output comes back', async () => {
    await begin();
    const script = 'printf "%s\\n" "a \\"b\\" \\\\n"; echo \'{"found": 1}\' >"$FORMWORK_OUTPUTS"; exit 3';
    const failing = await resultOf(server.give({ kind: 'run', script, timeoutSeconds: 10 }));
    expect(failing).toEqual({
      ok: false,
      code: 'script-failed',
      message: 'the script ended with exit code 3',
      outputs: { exitCode: 3, output: 'a "b" \\n\n', found: 1 },
    });
    expect(server.reports).toMatchObject([{ agent: '1', boot: { mac: '52:54:00:77:00:01' } }]);
    expect(server.refusals).toEqual([]);
    await until(
      'the log',
      () => server.log(),
      (text) => text.includes('script-failed'),
    );
    expect(server.log()).not.toContain(server.token);
  });

  it('survives answers that are lost and a server that restarts: one claim, one run of a task', async () => {
    await begin();
    const lost = new Set<string>();
    server.fault = (what) => {
      if (lost.has(what)) return null;
      lost.add(what);
      return what.endsWith('/report') ? 'fail' : 'lose';
    };
    const script = `echo x >>'${machine.directory}/runs'; sleep 1`;
    const task = server.give({ kind: 'run', script, timeoutSeconds: 10 });
    await until('it runs', () => existsSync(`${machine.directory}/runs`), Boolean, 25_000);
    await server.pause();
    await until('the script is over', () => existsSync(`${machine.run}/done/${task.id}`));
    await server.resume();
    expect(await resultOf(task)).toMatchObject({ ok: true, code: 'ok' });
    // The lost answer to the result made it come again; the task itself did not.
    await until(
      'the result again',
      () => asked(`POST /agent/v1/tasks/${task.id}/result`),
      (count) => count > 1,
    );
    expect(readFileSync(`${machine.directory}/runs`, 'utf8')).toBe('x\n');
    expect(server.refusals).toEqual([]);
    expect(asked('POST /agent/v1/claim')).toBe(2);
  });

  it('begins a task again when its agent has died, and ends what that one had left', async () => {
    await begin();
    const script = `echo $$ >>'${machine.directory}/runs'; sleep 300 & wait`;
    server.give({ kind: 'run', script, timeoutSeconds: 600 });
    const runs = (): string[] =>
      existsSync(`${machine.directory}/runs`)
        ? readFileSync(`${machine.directory}/runs`, 'utf8').trim().split('\n')
        : [];
    await until('it runs', runs, (list) => list.length === 1, 25_000);
    machine.kill();
    machine.start();
    const [first = '', second = ''] = await until('it runs again', runs, (list) => list.length === 2, 25_000);
    expect([lives(first), lives(second)]).toEqual([false, true]);
    expect(asked('POST /agent/v1/claim')).toBe(1);
  });

  it('starts the machine again when it hears of no server for long', async () => {
    await begin({ words: ['formwork.watchdog=1'] });
    await until('a report', () => server.reports.length, Boolean, 25_000);
    await server.pause();
    await until('the restart', () => machine.called().includes('reboot -f'), Boolean, 25_000);
  });
});

describe('a task that is not the site’s', () => {
  it('is not looked into when its signature is wrong, and reported', async () => {
    await begin();
    const spoilt: Parameters<AgentServer['give']>[1][] = [
      (body, signature) => ({ body, signature: Buffer.from(signature).fill(1, 0, 4) }),
      (body, signature) => ({ body: Buffer.from(body.toString().replace('"x"', '"y"')), signature }),
      (body) => ({ body, signature: Buffer.alloc(0) }),
    ];
    const task = { kind: 'run', script: `: >'${machine.directory}/ran'`, note: 'x', timeoutSeconds: 5 };
    for (const spoil of spoilt) {
      expect(await resultOf(server.give(task, spoil))).toMatchObject({ ok: false, code: 'signature-invalid' });
    }
    expect(existsSync(`${machine.directory}/ran`)).toBe(false);
    // The next one is taken.
    expect(await resultOf(server.give(task))).toMatchObject({ ok: true });
    expect(existsSync(`${machine.directory}/ran`)).toBe(true);
  });

  it('is refused when it is for others, too late, or of a wrong shape', async () => {
    await begin();
    const wrong: readonly [object, string][] = [
      [{ machine: 'machine-2' }, 'task-of-other'],
      [{ session: 'session-2' }, 'task-of-other'],
      [{ notAfter: 1_000_000_000 }, 'task-expired'],
      [{ timeoutSeconds: -1 }, 'task-invalid'],
      [{ script: 7 }, 'task-invalid'],
      [{ kind: 'explode' }, 'kind-unknown'],
      [{ kind: '../tasks/run' }, 'task-invalid'],
    ];
    for (const [words, code] of wrong) {
      const task = { kind: 'run', script: `: >'${machine.directory}/ran'`, timeoutSeconds: 5, ...words };
      expect(await resultOf(server.give(task)), JSON.stringify(words)).toMatchObject({ ok: false, code });
    }
    expect(existsSync(`${machine.directory}/ran`)).toBe(false);
  });

  it('is refused by an image without a key, whoever signed it', async () => {
    await begin({ key: false });
    expect(await resultOf(server.give({ kind: 'power-off' }))).toMatchObject({ ok: false, code: 'no-site-key' });
  });
});

describe('a script', () => {
  it('is ended with everything it started when its time is over', async () => {
    await begin();
    const script = `sleep 300 & echo $! >'${machine.directory}/child'; echo begun; sleep 300`;
    const result = await resultOf(server.give({ kind: 'run', script, timeoutSeconds: 1 }));
    expect(result).toMatchObject({ ok: false, code: 'timeout', outputs: { output: 'begun\n' } });
    const child = readFileSync(`${machine.directory}/child`, 'utf8').trim();
    await until('its child is gone', () => !lives(child));
  });
});

describe('an image', () => {
  it.each(['raw', 'zstd'])('is written as it is (%s), in pieces when the connection breaks', async (format) => {
    await begin();
    server.images.set('os', format === 'raw' ? content : zstd(content));
    let breaks = 2;
    server.fault = (what) => (what.endsWith('/images/os') && breaks-- > 0 ? 'lose' : null);
    const result = await resultOf(server.give({ ...writeVda, format, verify: true }));
    expect(result).toMatchObject({
      ok: true,
      outputs: { disk: 'vda', sha256: writeVda.sha256, bytes: content.length },
    });
    expect(disk().subarray(0, content.length).equals(content)).toBe(true);
    // What is behind the image stays as it was.
    expect(
      disk()
        .subarray(content.length)
        .equals(Buffer.alloc(vdaBytes - content.length, 1)),
    ).toBe(true);
  });

  it('gets what is this machine’s own, in its place, and spoils the disk when that is not right', async () => {
    await begin();
    server.images.set('os', content);
    const seed = randomBytes(1024);
    const firstBoot = { offsetBytes: 512, sizeBytes: seed.length, sha256: sha256(seed) };
    server.seed = seed;
    expect(await resultOf(server.give({ ...writeVda, firstBoot }))).toMatchObject({ ok: true });
    const expected = Buffer.from(content);
    seed.copy(expected, 512);
    expect(disk().subarray(0, content.length).equals(expected)).toBe(true);
    server.seed = randomBytes(1024);
    const wrong = await resultOf(server.give({ ...writeVda, firstBoot }));
    expect(wrong).toMatchObject({ ok: false, code: 'first-boot-failed' });
    expect(disk().subarray(0, 4096).equals(Buffer.alloc(4096))).toBe(true);
    expect(disk().subarray(-4096).equals(Buffer.alloc(4096))).toBe(true);
  });

  it('that is not what the task says makes the disk unbootable', async () => {
    await begin();
    server.images.set('os', content);
    const wrong: readonly [object, string][] = [
      [{ sha256: '0'.repeat(64) }, 'sha256-mismatch'],
      [{ sizeBytes: content.length + 1 }, 'size-mismatch'],
    ];
    for (const [words, code] of wrong) {
      writeFileSync(machine.device('vda'), Buffer.alloc(vdaBytes, 1));
      expect(await resultOf(server.give({ ...writeVda, ...words }))).toMatchObject({ ok: false, code });
      expect(disk().subarray(0, 4096).equals(Buffer.alloc(4096))).toBe(true);
    }
  });

  it('is refused when it is not clear where to, or it cannot be had, and nothing is written', async () => {
    await begin();
    server.images.set('os', content);
    const wrong: readonly [object, string, string][] = [
      [{ hints: { serial: 'DISK2' } }, 'no-disk-matches', 'serial Z1W0ABCD'],
      [{ hints: { minBytes: 1 } }, 'several-disks-match', 'vda (serial DISK1, 4194304 bytes)'],
      [{ hints: {} }, 'several-disks-match', 'several'],
      [{ hints: { serialnumber: 'DISK1' } }, 'task-invalid', 'hints'],
      [{ sizeBytes: vdaBytes + 512 }, 'disk-too-small', '4194304'],
      [{ image: 'other' }, 'download-failed', '404'],
      [{ format: 'zstd' }, 'download-failed', 'zstd'],
    ];
    for (const [words, code, why] of wrong) {
      const result = await resultOf(server.give({ ...writeVda, ...words }));
      expect(result).toMatchObject({ ok: false, code });
      expect(result.message).toContain(why);
    }
    expect(untouched()).toBe(true);
  });
});

describe('wiping', () => {
  it('quickly leaves nothing at either end', async () => {
    await begin();
    truncateSync(machine.device('vda'), vdaBytes);
    const result = await resultOf(server.give({ kind: 'wipe', mode: 'quick', disks: { name: 'vda' } }));
    expect(result).toMatchObject({ ok: true, outputs: { disks: [{ name: 'vda', method: 'quick+discard' }] } });
    expect(disk().equals(Buffer.alloc(vdaBytes))).toBe(true);
  });

  it('is refused where the disk cannot do what is asked for', async () => {
    await begin();
    const result = await resultOf(server.give({ kind: 'wipe', mode: 'nvme', disks: { name: 'vda' } }));
    expect(result).toMatchObject({ ok: false, code: 'wipe-unsupported' });
    expect(untouched()).toBe(true);
  });
});

describe('leaving', () => {
  it.each([
    ['reboot', 'reboot -f'],
    ['power-off', 'poweroff -f'],
  ])('%s happens when the server has the result', async (kind, command) => {
    await begin();
    const task = server.give({ kind });
    server.fault = (what) => (what.endsWith('/result') && asked(what) < 3 ? 'lose' : null);
    expect(await resultOf(task)).toMatchObject({ ok: true });
    await until(
      command,
      () => machine.called(),
      (text) => text.includes(command),
      20_000,
    );
    expect(asked(`POST /agent/v1/tasks/${task.id}/result`)).toBe(3);
    // A watchdog that nobody feeds would end what comes next.
    expect(machine.called()).toMatch(/killall -q watchdog[^]*(reboot|poweroff)/);
  });

  it('a kernel with another sha256 is not gone over to', async () => {
    await begin();
    server.other = (_request, response) => {
      const range = 'bytes 0-5/6';
      response.writeHead(206, { 'content-length': 6, 'content-range': range }).end('kernel');
      return true;
    };
    const words = { kind: 'kexec', kernel: 'files/vmlinuz', arguments: 'quiet "a b"' };
    const wrong = await resultOf(server.give({ ...words, kernelSha256: '0'.repeat(64) }));
    expect(wrong).toMatchObject({ ok: false, code: 'sha256-mismatch' });
    expect(machine.called()).not.toContain('kexec');
    const right = server.give({ ...words, kernelSha256: sha256(Buffer.from('kernel')) });
    expect(await resultOf(right)).toMatchObject({ ok: true });
    await until(
      'it is gone over to',
      () => machine.called(),
      (text) => /kexec -s -l \S+ --command-line=quiet "a b"[^]*kexec -e/.test(text),
    );
  });
});
