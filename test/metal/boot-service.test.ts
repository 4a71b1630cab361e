// The whole boot service of a site, as `FORMWORK_WORKER_ROLES=metal` starts it: real iPXE firmware, dhclient and curl in a
// network of their own, a real database that goes away.
import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { openMachineStore, readDhcpLeases, readSiteProblems } from '@formwork/db';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { until } from '../support/until.ts';
import { type BootLab, fillBootDirectory, type MetalWorker, openBootLab } from './boot/boot-lab.ts';
import { missingForLab } from './dhcp/lab.ts';
import { dhclientScript } from './dhcp/scripts.ts';

const missing =
  missingForLab(['ip', 'qemu-system-x86_64', 'dhclient', 'dnsmasq', 'curl']) ??
  (existsSync('/dev/net/tun') ? null : 'needs /dev/net/tun');
const subnet = {
  name: 'rack-1',
  cidr: '10.77.0.0/24',
  pools: [{ first: '10.77.0.100', last: '10.77.0.199' }],
};
const base = 'http://10.77.0.1:8080';

let world: BootLab;
beforeEach(async () => {
  world = await openBootLab(subnet);
});
afterEach(async () => {
  await world.close();
});

const file = (name: string): string => path.join(world.lab.directory, name);
const isReady = (worker: MetalWorker, process: string): boolean =>
  worker.lines.some((line) => line.includes('a boot process is ready') && line.includes(`"process":"${process}"`));
const serving = async (worker: MetalWorker): Promise<MetalWorker> => {
  await until(
    'DHCP, TFTP and HTTP are ready',
    () => worker.lines.slice(-4),
    () => ['dhcp', 'tftp', 'http'].every((name) => isReady(worker, name)),
    120_000,
  );
  return worker;
};
const problems = async () => (await readSiteProblems(world.db, [world.siteId])).get(world.siteId) ?? [];
const machines = () => openMachineStore(world.db).list({ siteId: world.siteId });

/** dhclient on the cable; answers the client's MAC and the address that it was given. */
async function lease(): Promise<{ readonly mac: string; readonly address: string }> {
  await writeFile(file('script'), dhclientScript(world.lab.directory));
  await chmod(file('script'), 0o755);
  const files = ['-cf', '/dev/null', '-lf', file('leases'), '-pf', file('pid'), '-sf', file('script')];
  const { text } = await world.lab.run(world.lab.client, 'dhclient', ['-4', '-v', '-1', ...files, 'c0']);
  const address = /bound to (\S+) /.exec(text)?.[1] ?? text;
  const link = await world.lab.run(world.lab.client, 'cat', ['/sys/class/net/c0/address']);
  return { mac: link.text.trim(), address };
}

/** curl in the client's network; the status, a line, then the body. */
async function curl(target: string, ...args: readonly string[]): Promise<{ status: number; body: string }> {
  const options = ['--silent', '--max-time', '20', '--path-as-is', '--write-out', '\n%{http_code}'];
  const { text } = await world.lab.run(world.lab.client, 'curl', [...options, ...args, `${base}${target}`]);
  const at = text.lastIndexOf('\n');
  return { status: Number(text.slice(at + 1)), body: text.slice(0, at) };
}

const claimAnswer = z.object({ session: z.string(), machine: z.string() });

/** A signed request of an agent, by curl. */
async function ask(key: KeyObject, session: string, counter: number, method: string, target: string, body = '') {
  const digest = createHash('sha256').update(body).digest('hex');
  const signature = sign(null, Buffer.from(`${method}\n${target}\n${counter}\n${digest}\n`), key).toString('base64');
  const headers = [
    `formwork-session: ${session}`,
    `formwork-counter: ${counter}`,
    `formwork-signature: ${signature}`,
  ].flatMap((header) => ['--header', header]);
  const data = body === '' ? [] : ['--data-binary', body];
  return await curl(target, '--request', method, ...headers, ...data);
}

describe.runIf(missing === null)(`the boot service${missing === null ? '' : ` (${missing})`}`, () => {
  it('takes a real iPXE ROM from its first DISCOVER to the kernel of the discovery image', async () => {
    await serving(await world.startWorker('w1'));
    const mac = '52:54:00:77:00:01';
    const serial = file('serial');
    await world.lab.run(world.lab.server, 'ip', ['tuntap', 'add', 'dev', 'tap0', 'mode', 'tap']);
    await world.lab.run(world.lab.server, 'ip', ['link', 'set', 'tap0', 'master', 'br0', 'up']);
    world.lab.start(world.lab.server, 'qemu-system-x86_64', [
      ...['-machine', 'q35,graphics=off', '-accel', 'tcg', '-m', '128', '-display', 'none', '-vga', 'none'],
      ...['-monitor', 'none', '-serial', `file:${serial}`, '-netdev', 'tap,id=n0,ifname=tap0,script=no,downscript=no'],
      ...['-device', `virtio-net-pci,netdev=n0,mac=${mac},bootindex=1`],
      ...['-smbios', 'type=1,serial=SN-000042,uuid=4c4c4544-0000-4000-8000-00000000000f'],
    ]);
    const console = (): string => (existsSync(serial) ? readFileSync(serial, 'latin1') : '');
    await until(
      'the ROM fetches the kernel',
      () => console().slice(-2000),
      (text) => /discovery\/vmlinuz\.+ ok/.test(text),
      240_000,
    );
    expect(console()).toMatch(/boot\.ipxe\.+ ok/);
    const [machine] = await machines();
    expect(machine).toMatchObject({
      ...{ state: 'discovered', subnet: 'rack-1', approved: false },
      identity: { macs: [mac], serial: 'sn-000042', uuid: '4c4c4544-0000-4000-8000-00000000000f' },
    });
    const sessions = await world.db.query<{ mac: string; state: string; kind: string }>(
      'SELECT DISTINCT mac, state, kind FROM boot_sessions',
    );
    expect(sessions).toEqual([{ mac, state: 'open', kind: 'discover' }]);
  });

  it('gives a machine its script, token, task and image, and nothing to anybody else', async () => {
    const worker = await serving(await world.startWorker('w1'));
    const { mac, address } = await lease();
    expect(address).toBe('10.77.0.100');
    expect((await curl('/boot.ipxe')).body).toContain(`chain --autofree --replace ${base}/ipxe?`);
    expect((await curl('/ipxe?mac=52:54:00:00:00:99')).body).toContain('was not given to 52:54:00:00:00:99');
    const script = await curl(`/ipxe?mac=${mac}&uuid=4c4c4544-0000-4000-8000-00000000000a`);
    expect(script.body).toContain('console=ttyS0');
    const token = /formwork\.token=(\S+)/.exec(script.body)?.[1] ?? '';
    const agent = generateKeyPairSync('ed25519');
    const publicKey = agent.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
    const claim = JSON.stringify({ token, mac, publicKey });
    // From another address of the same client: not its machine.
    await world.lab.run(world.lab.client, 'ip', ['addr', 'add', '10.77.0.66/24', 'dev', 'c0']);
    expect((await curl('/agent/v1/claim', '--interface', '10.77.0.66', '--data-binary', claim)).status).toBe(401);
    const claimed = await curl('/agent/v1/claim', '--interface', address, '--data-binary', claim);
    const { session, machine } = claimAnswer.parse(JSON.parse(claimed.body));
    await world.lab.run(world.lab.client, 'ip', ['addr', 'del', '10.77.0.66/24', 'dev', 'c0']);
    const { privateKey } = agent;
    const report = {
      agent: '1',
      boot: { firmware: 'bios', mac, address },
      dmi: { uuid: '4c4c4544-0000-4000-8000-00000000000a' },
      nics: [{ name: 'eth0', mac }],
      memoryMiB: 2048,
    };
    const reported = await ask(privateKey, session, 1, 'POST', '/agent/v1/report', JSON.stringify(report));
    expect(reported.status).toBe(204);
    expect((await machines())[0]).toMatchObject({ id: machine, facts: { memoryMiB: 2048 } });
    const image = '/agent/v1/images/debian-12.raw.zst';
    expect((await ask(privateKey, session, 2, 'GET', image)).status).toBe(403);
    const body = { image: 'debian-12.raw.zst' };
    const notAfterMs = Date.now() + 600_000;
    const [known] = await machines();
    if (known === undefined) throw new Error('no machine');
    const task = { kind: 'write-image', body, purpose: 'x', notAfterMs } as const;
    await openMachineStore(world.db).enqueueTask(known, task, 'test');
    expect(JSON.parse((await ask(privateKey, session, 3, 'GET', '/agent/v1/task')).body)).toMatchObject(body);
    expect(await ask(privateKey, session, 4, 'GET', image)).toEqual({
      status: 200,
      body: 'an image of thirty-two octets....',
    });
    expect((await ask(privateKey, session, 4, 'GET', image)).status).toBe(401);
    for (const target of ['/files/../../../etc/shadow', '/files/%2e%2e/images/debian-12.raw.zst', '/images/x']) {
      expect((await curl(target)).status).toBe(404);
    }
    const key = readFileSync(path.join(world.data, 'metal', world.siteId, 'site.pub'), 'utf8');
    expect(key).toContain('BEGIN PUBLIC KEY');
    expect(worker.lines.join('\n')).not.toContain(token);
  });

  it('goes on while the database is away, and catches up', async () => {
    await serving(await world.startWorker('w1'));
    world.cutDatabase(true);
    const { mac, address } = await lease();
    expect(address).toBe('10.77.0.100');
    expect((await curl('/files/discovery/vmlinuz')).body).toBe('no kernel');
    const script = await curl(`/ipxe?mac=${mac}`);
    expect(script.status).toBe(200);
    expect(script.body).toMatch(/asking again\nsleep \d+\n/);
    expect((await curl('/agent/v1/claim', '--data-binary', '{}')).status).toBe(400);
    expect(await readDhcpLeases(world.db, world.siteId)).toEqual([]);
    world.cutDatabase(false);
    const copied = await until(
      'the lease is copied',
      () => readDhcpLeases(world.db, world.siteId),
      ({ length }) => length > 0,
    );
    expect(copied).toMatchObject([{ address, client: mac, state: 'active' }]);
    await until(
      'the machine gets its script',
      () => curl(`/ipxe?mac=${mac}`),
      ({ body }) => body.includes('formwork.token='),
    );
  });

  it('shows another DHCP server and processes that end as problems of the site, for as long as they last', async () => {
    await world.lab.run(world.lab.client, 'ip', ['addr', 'add', '10.77.0.66/24', 'dev', 'c0']);
    world.lab.start(world.lab.client, 'dnsmasq', [
      ...[
        '--keep-in-foreground',
        '--conf-file=/dev/null',
        '--port=0',
        '--interface=c0',
        '--bind-interfaces',
        '--no-ping',
      ],
      ...['--dhcp-range=10.77.0.30,10.77.0.31', `--dhcp-leasefile=${file('other')}`, '--user=root', '--pid-file='],
    ]);
    const worker = await serving(await world.startWorker('w1'));
    const [seen] = await until('the other server is seen', problems, ({ length }) => length > 0, 120_000);
    expect(seen).toMatchObject({ code: 'other-dhcp-server', subject: '10.77.0.66' });
    expect(seen?.message).toContain('10.77.0.66 answers DHCP on this network too');
    const { text } = await world.lab.run(world.lab.server, 'ss', ['-ltnpH', 'sport', '=', ':8080']);
    const pid = Number(/pid=(\d+)/.exec(text)?.[1] ?? '0');
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).toMatch(/^Uid:\t65534\t/m);
    expect(readFileSync(`/proc/${pid}/environ`, 'utf8')).not.toMatch(/FORMWORK|DATABASE/);
    process.kill(pid, 'SIGKILL');
    const codes = async () => (await problems()).map(({ code, subject }) => `${code} ${subject}`);
    await until('the end is shown', codes, (all) => all.includes('boot-process-failed http'));
    await until('it is over', codes, (all) => all.join() === 'other-dhcp-server 10.77.0.66', 120_000);
    expect((await curl('/boot.ipxe')).status).toBe(200);
    expect(await worker.end('SIGTERM')).toBe(0);
    expect((await world.lab.run(world.lab.server, 'ss', ['-lnH'])).text).not.toMatch(/:(67|69|8080)\b/);
  });

  it('is taken over by another worker, which honours the leases though it has no journal', async () => {
    const first = await serving(await world.startWorker('w1'));
    const { mac, address } = await lease();
    await until(
      'the lease is copied',
      () => readDhcpLeases(world.db, world.siteId),
      ({ length }) => length > 0,
    );
    const elsewhere = file('w2');
    await fillBootDirectory(elsewhere, world.siteId);
    const second = await world.startWorker('w2', elsewhere);
    expect(isReady(second, 'dhcp')).toBe(false);
    await first.end('SIGKILL');
    await serving(second);
    // Somebody new gets another address; the first client, who has forgotten all, its own.
    await world.lab.run(world.lab.client, 'ip', ['addr', 'flush', 'dev', 'c0']);
    await rm(file('leases'), { force: true });
    const stranger = '02:00:00:00:00:99';
    await world.lab.run(world.lab.client, 'ip', ['link', 'set', 'c0', 'address', stranger]);
    expect((await lease()).address).toBe('10.77.0.101');
    await world.lab.run(world.lab.client, 'ip', ['link', 'set', 'c0', 'address', mac]);
    await rm(file('leases'), { force: true });
    expect((await lease()).address).toBe(address);
  });
});
