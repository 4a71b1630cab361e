import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';

const run = promisify(execFile);
const missing = spawnSync('ipmitool', ['-V']).error !== undefined;
const readySchema = z.object({
  ready: z.array(z.object({ serial: z.string(), ipmi: z.string(), redfish: z.string() })),
});
const program = path.resolve(import.meta.dirname, '../lab/bmc-emulator/main.ts');

describe('the emulator program', () => {
  let folder = '';
  let child: ChildProcess;
  let ready: z.infer<typeof readySchema>['ready'] = [];
  const start = (file: string) =>
    spawn(process.execPath, ['--conditions=formwork-source', '--import', 'tsx', program, file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'formwork-bmc-main-'));
    const bmcs = Array.from({ length: 20 }, (_, index) => ({ index: index + 1 }));
    await writeFile(path.join(folder, 'lab.json'), JSON.stringify({ password: 'lab-secret', bmcs }));
    child = start(path.join(folder, 'lab.json'));
    let said = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    while (!said.includes('\n')) await once(child.stdout ?? child, 'data');
    ready = readySchema.parse(JSON.parse(said)).ready;
    expect(said).not.toContain('lab-secret');
  });
  afterAll(async () => {
    if (child.exitCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  });

  const power = async (index: number): Promise<string> => {
    const [host = '', port = ''] = ready[index]?.ipmi.split(':') ?? [];
    const args = [
      '-I',
      'lanplus',
      '-H',
      host,
      '-p',
      port,
      '-U',
      'admin',
      '-E',
      '-C',
      '17',
      '-R',
      '1',
      '-N',
      '1',
      'power',
      'status',
    ];
    return (
      await run('ipmitool', args, {
        env: { PATH: process.env['PATH'] ?? '', IPMI_PASSWORD: 'lab-secret' },
        timeout: 20_000,
      })
    ).stdout;
  };

  it('serves as many machines as the file names, each by IPMI and Redfish', async () => {
    expect(ready.map(({ serial }) => serial)).toEqual(
      Array.from({ length: 20 }, (_, index) => `SN${String(index + 1).padStart(5, '0')}`),
    );
    const roots = await Promise.all(
      ready.map(({ redfish }) => fetch(`${redfish}/redfish/v1/`).then(({ status }) => status)),
    );
    expect(new Set(roots)).toEqual(new Set([200]));
  });

  it.skipIf(missing)('fails on demand, and works again (needs ipmitool)', async () => {
    const fault = (silent: boolean) =>
      fetch(`${ready[0]?.redfish ?? ''}/emulator/faults`, { method: 'POST', body: JSON.stringify({ silent }) });
    expect(await power(0)).toContain('is off');
    await fault(true);
    await expect(power(0)).rejects.toThrow();
    expect(await power(1)).toContain('is off');
    await fault(false);
    expect(await power(0)).toContain('is off');
  });

  it('says what is wrong with a file, and ends when told to', async () => {
    await writeFile(path.join(folder, 'wrong.json'), JSON.stringify({ password: 'x', bmcs: [{ index: 0 }] }));
    const refused = start(path.join(folder, 'wrong.json'));
    let complaint = '';
    refused.stderr.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    expect((await once(refused, 'exit'))[0]).toBe(2);
    expect(complaint).toContain('bmcs[0].index');
    child.kill('SIGTERM');
    expect((await once(child, 'exit'))[0]).toBe(0);
  });
});
