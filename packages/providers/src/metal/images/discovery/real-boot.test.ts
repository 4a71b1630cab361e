/**
 * The built image on machines of QEMU, from power-on: firmware, our DHCP, TFTP and HTTP, kernel, agent. Needs root, network
 * namespaces, QEMU with OVMF and iPXE's ROMs, and Debian's mirror for the packages of the image.
 */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  type AgentServer,
  type GivenTask,
  startAgentServer,
  type TaskResult,
  type TaskWords,
} from '../../../../../../test/lab/agent-server/agent-server.ts';
import {
  baseUrl,
  bootMac,
  type MachineLab,
  openMachineLab,
} from '../../../../../../test/lab/machine-lab/machine-lab.ts';
import { missingForLab } from '../../../../../../test/metal/dhcp/lab.ts';
import { until } from '../../../../../../test/support/until.ts';
import { parseBootRequest } from '../../http-boot/boot-request.ts';
import { renderBootScript, renderFirstScript } from '../../http-boot/boot-script.ts';
import { createFileResponder } from '../../http-boot/file-responder.ts';
import { openFileTree } from '../../tftp/file-tree.ts';
import { createRunTool } from '../run-tool.ts';
import { type BuiltDiscoveryImage, buildDiscoveryImage } from './build.ts';
import { readSitePublicKey } from './site-key.ts';

const missing = missingForLab(['ip', 'qemu-system-x86_64', 'mmdebstrap', 'perl', 'zstd', 'mke2fs']);
const patienceMs = 240_000;
/** What comes from packages is fetched once for all runs of the tests on this machine. */
const cache = resolve(import.meta.dirname, '../../../../../../.formwork/images');

let lab: MachineLab;
let agent: AgentServer;
const opened: { close(): Promise<void> }[] = [];
let image: BuiltDiscoveryImage;
/** When the machine asked for something for the first time. */
const firstAsked = new Map<string, number>();
beforeEach(async (context) => {
  if (missing !== null) context.skip(missing);
  lab = await openMachineLab();
  opened.push(lab);
  agent = await startAgentServer({ socket: lab.httpSocket });
  opened.push(agent);
  const output = join(lab.directory, 'files');
  image = await buildDiscoveryImage(
    {
      ...{ kernel: 'generic', mirror: null, refresh: false },
      cache,
      output,
      siteKey: readSitePublicKey(agent.sitePublicKey),
    },
    { run: createRunTool(() => undefined), log: () => undefined, signal: AbortSignal.timeout(400_000) },
  );
  await answerBoots(output);
});
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** Scripts and files, as the boot service answers them. */
async function answerBoots(files: string): Promise<void> {
  const source = await openFileTree(files);
  const respond = createFileResponder({ source, digestOf: () => Promise.resolve(null), stalledAfterMs: 30_000 });
  const boot = { kernel: 'files/vmlinuz', initrd: 'files/initrd', arguments: image.arguments };
  firstAsked.clear();
  agent.fault = (what) => {
    if (!firstAsked.has(what)) firstAsked.set(what, performance.now());
    return null;
  };
  agent.other = (request, response) => {
    const [path = '', query = ''] = (request.url ?? '').split('?');
    if (!firstAsked.has(path)) firstAsked.set(path, performance.now());
    if (path === '/boot.ipxe') response.end(renderFirstScript({ baseUrl }));
    else if (path === '/ipxe' && parseBootRequest(query).ok) {
      response.end(renderBootScript({ kind: 'discover', image: boot, token: agent.token }, { baseUrl }));
    } else if (path.startsWith('/files/')) {
      respond(request, response, path.slice('/files/'.length)).catch(() => response.destroy());
    } else return false;
    return true;
  };
}

const resultOf = async (task: GivenTask): Promise<TaskResult> => {
  const seen = () => ({ result: task.result(), console: lab.console().slice(-1500), refusals: agent.refusals });
  const { result } = await until(`the result of ${task.id}`, seen, (found) => found.result !== undefined, patienceMs);
  if (result === undefined) throw new Error('unreachable');
  return result;
};
const run = (words: TaskWords): Promise<TaskResult> => resultOf(agent.give(words));
const reported = (from: number) =>
  until(
    'a report',
    () => ({ report: agent.reports[from], console: lab.console().slice(-1500) }),
    ({ report }) => report !== undefined,
    patienceMs,
  );
const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);
const containing = (list: readonly unknown[]): unknown => expect.arrayContaining([...list]);
const withAll = (part: object): unknown => expect.objectContaining(part);
const sha256 = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

/** What a switch says of itself: its MAC, the port, how long that holds, its name. */
function lldpFrame(): Buffer {
  const part = (type: number, value: Buffer): Buffer => Buffer.concat([Buffer.from([type << 1, value.length]), value]);
  const name = (kind: number, text: string): Buffer => Buffer.concat([Buffer.from([kind]), Buffer.from(text)]);
  return Buffer.concat([
    Buffer.from('0180c200000e0200000000aa88cc', 'hex'),
    part(1, Buffer.from('040200000000aa', 'hex')),
    part(2, name(5, 'Ethernet1/7')),
    part(3, Buffer.from([0, 120])),
    part(5, Buffer.from('switch-1')),
    Buffer.from([0, 0]),
  ]);
}

it('BIOS: discovers, claims, writes what is signed and right, wipes, switches off', async () => {
  const [first, second] = [lab.disk('first', 96), lab.disk('second', 64)];
  const began = performance.now();
  const machine = lab.powerOn('bios', [
    ...['-drive', `if=none,id=d0,file=${first},format=raw,cache=unsafe,discard=unmap`],
    ...['-device', 'virtio-blk-pci,drive=d0,serial=DISK1'],
    ...['-drive', `if=none,id=d1,file=${second},format=raw,cache=unsafe,discard=unmap`],
    ...['-device', 'nvme,drive=d1,serial=NVME1'],
    ...['-netdev', 'user,id=n1,restrict=on', '-device', 'e1000e,netdev=n1,mac=52:54:00:77:00:22'],
    ...['-device', 'ipmi-bmc-sim,id=bmc0', '-device', 'isa-ipmi-kcs,bmc=bmc0'],
  ]);
  const { report } = await reported(0);
  const since = Object.fromEntries([...firstAsked].map(([what, at]) => [what, Math.round(at - began)]));
  const { kernel, initrd } = image;
  const measured = { kernelBytes: kernel.bytes, initrdBytes: initrd.bytes, msSincePowerOn: since };
  process.stdout.write(`discovery image, BIOS: ${JSON.stringify(measured)}\n`);
  expect(report).toMatchObject({
    agent: '1',
    boot: { firmware: 'bios', mac: bootMac, address: like(/^10\.77\.0\.1\d\d$/) },
    dmi: { uuid: '4c4c4544-0000-4000-8000-000000000021', serial: 'SN-1', manufacturer: 'Formwork Lab' },
    cpu: { architecture: 'x86_64', threads: 2 },
    memoryMiB: 768,
    disks: [
      { name: 'nvme0n1', serial: 'NVME1', sizeBytes: 64 << 20, rotational: false, transport: 'nvme' },
      { name: 'vda', serial: 'DISK1', sizeBytes: 96 << 20, transport: 'virtio' },
    ],
  });
  const nics = [
    withAll({ mac: bootMac, driver: 'virtio_net', link: true, lldp: null }),
    withAll({ mac: '52:54:00:77:00:22', driver: 'e1000e' }),
  ];
  expect(report).toMatchObject({ nics: containing(nics) });

  // Listening begins with the first report; a frame that came before would be lost.
  const again = until(
    'a report with the switch',
    async () => {
      await lab.sendFrame(lldpFrame());
      return agent.reports[1];
    },
    (seen) => seen !== undefined,
    patienceMs,
  );
  const lldp = { chassis: '02:00:00:00:00:aa', port: 'Ethernet1/7', system: 'switch-1' };
  expect(await again).toMatchObject({
    nics: containing([withAll({ mac: bootMac, lldp })]),
  });

  const content = Buffer.concat([randomBytes(3 << 20), Buffer.alloc(24 << 20), randomBytes((1 << 20) + 4096)]);
  agent.images.set('os.zst', execFileSync('zstd', ['-q', '-c'], { input: content, maxBuffer: 64 << 20 }));
  const write = {
    ...{ kind: 'write-image', image: 'os.zst', format: 'zstd', sha256: sha256(content), sizeBytes: content.length },
    ...{ hints: { serial: 'disk1' }, sparse: true },
  };
  const untouched = (): boolean => readFileSync(first).equals(Buffer.alloc(96 << 20, 1));
  const forged = agent.give(write, (body, signature) => ({ body, signature: Buffer.from(signature).fill(0, 60) }));
  expect(await resultOf(forged)).toMatchObject({ ok: false, code: 'signature-invalid' });
  expect(await run({ ...write, hints: { serial: 'DISK9' } })).toMatchObject({ ok: false, code: 'no-disk-matches' });
  expect(await run({ ...write, hints: { minBytes: 1 } })).toMatchObject({ ok: false, code: 'several-disks-match' });
  expect(untouched()).toBe(true);
  expect(await run({ ...write, sha256: '0'.repeat(64) })).toMatchObject({ ok: false, code: 'sha256-mismatch' });
  expect(
    readFileSync(first)
      .subarray(0, 4 << 20)
      .equals(Buffer.alloc(4 << 20)),
  ).toBe(true);

  const written = await run({ ...write, verify: true });
  expect(written).toMatchObject({ ok: true, outputs: { disk: 'vda', sha256: write.sha256, sparse: true } });
  const disk = readFileSync(first);
  expect(disk.subarray(0, content.length).equals(content)).toBe(true);
  // Behind it everything is as it was, but for the last MiB, which the image with the wrong sha256 has cost.
  const behind = disk.subarray(content.length, -(1 << 20));
  expect(behind.equals(Buffer.alloc(behind.length, 1))).toBe(true);

  const burnIn = await run({ kind: 'burn-in', cpuSeconds: 2, memorySeconds: 2, diskSeconds: 2 });
  expect(burnIn).toMatchObject({ ok: true, outputs: { cpu: { threads: 2 } } });

  const wiped = await run({ kind: 'wipe', mode: 'auto', disks: 'all' });
  const methods = [
    { name: 'nvme0n1', method: 'nvme-format-1' },
    { name: 'vda', method: 'quick+discard' },
  ];
  expect(wiped).toMatchObject({ ok: true, outputs: { disks: methods } });
  expect(readFileSync(first).includes(content.subarray(0, 64))).toBe(false);
  expect(readFileSync(second).equals(Buffer.alloc(64 << 20))).toBe(true);

  expect(await run({ kind: 'power-off' })).toMatchObject({ ok: true });
  await until(
    'it is off',
    () => machine.exitCode,
    (code) => code === 0,
    patienceMs,
  );
  // Our own server saw no request that was not signed in order.
  expect(agent.refusals).toEqual([]);
});

it('UEFI: comes by its own PXE client and TFTP, gets a system with what is its own, goes on to it by kexec', async () => {
  const target = lab.disk('target', 64);
  lab.powerOn('uefi', [
    ...['-drive', `if=none,id=d0,file=${target},format=raw,cache=unsafe`],
    ...['-device', 'ide-hd,drive=d0,serial=SATA1'],
  ]);
  const { report } = await reported(0);
  expect(report).toMatchObject({ boot: { firmware: 'uefi', mac: bootMac } });
  expect(report).toMatchObject({
    disks: [{ name: 'sda', serial: 'SATA1', byPath: like(/-ata-\d$/) }],
  });

  const content = systemImage();
  agent.images.set('os', content);
  // Right behind the partition table, where this image keeps nothing.
  agent.seed = randomBytes(4096);
  const written = await run({
    ...{ kind: 'write-image', image: 'os', format: 'raw', sha256: sha256(content), sizeBytes: content.length },
    ...{ hints: { rotational: true }, sparse: true },
    firstBoot: { offsetBytes: 8192, sizeBytes: 4096, sha256: sha256(agent.seed) },
  });
  expect(written).toMatchObject({ ok: true, outputs: { disk: 'sda', sparse: false } });
  agent.seed.copy(content, 8192);
  expect(readFileSync(target).subarray(0, content.length).equals(content)).toBe(true);

  // The disk's own boot entry: its kernel, and an initrd that says that it runs.
  const gone = await run({
    ...{ kind: 'kexec', partition: 1, hints: { serial: 'SATA1' }, entry: 'loader/entries/formwork.conf' },
  });
  expect(gone).toEqual({ ok: true, code: 'ok', message: '', outputs: {} });
  await until(
    'the system of the disk',
    () => lab.console().slice(-1500),
    (text) => text.includes('SYSTEM-RUNS'),
    patienceMs,
  );
});

/** A disk of one ext4 partition, with a kernel and an initrd whose init is busybox and says a word. */
function systemImage(): Buffer {
  const tree = join(lab.directory, 'system');
  const initrdTree = join(lab.directory, 'initrd');
  for (const folder of [`${tree}/boot`, `${tree}/loader/entries`, `${initrdTree}/bin`, `${initrdTree}/dev`]) {
    mkdirSync(folder, { recursive: true });
  }
  execFileSync('cp', ['/bin/busybox', `${initrdTree}/bin/busybox`]);
  writeFileSync(`${initrdTree}/init`, '#!/bin/busybox sh\necho SYSTEM-RUNS\nexec /bin/busybox sleep 1000\n', {
    mode: 0o755,
  });
  const list = 'init\nbin\nbin/busybox\ndev\n';
  const initrd = execFileSync('busybox', ['cpio', '-o', '-H', 'newc'], {
    cwd: initrdTree,
    input: list,
    maxBuffer: 16 << 20,
  });
  writeFileSync(`${tree}/boot/initrd`, initrd);
  execFileSync('cp', [join(lab.directory, 'files/vmlinuz'), `${tree}/boot/vmlinuz`]);
  const entry = 'title system\nlinux /boot/vmlinuz\ninitrd /boot/initrd\noptions console=ttyS0 quiet\n';
  writeFileSync(`${tree}/loader/entries/formwork.conf`, entry);
  const partition = join(lab.directory, 'p1');
  writeFileSync(partition, '');
  truncateSync(partition, 24 << 20);
  execFileSync('mke2fs', ['-q', '-t', 'ext4', '-d', tree, partition]);
  const table = Buffer.alloc(1 << 20);
  // One entry: no flag, type 0x83, first sector and count.
  table[446 + 4] = 0x83;
  table.writeUInt32LE(2048, 446 + 8);
  table.writeUInt32LE((24 << 20) / 512, 446 + 12);
  table.writeUInt16LE(0xaa55, 510);
  return Buffer.concat([table, readFileSync(partition)]);
}
