import { firstMachine, type Machine, type MachineFacts } from '@formwork/core';
import { describe, expect, it } from 'vitest';
import { providerNamed } from '../registry.ts';
import { metalConfigurationSchema } from './configuration.ts';
import { bmcSettingsProblems } from './bmc-settings.ts';
import { metalFailureOf } from './errors.ts';
import { installBody } from './machines/install-body.ts';
import { revealTaskBody } from './machines/reveal-task.ts';
import { catalogueOf, nodeFacts, resolveRequest } from './map.ts';
import { withDeadline } from './with-deadline.ts';

const image = { file: 'debian-12.raw', sha256: '0'.repeat(64), sizeBytes: 1, os: 'debian', release: 'bookworm' };
const configuration = metalConfigurationSchema.parse({
  images: { 'debian-12': image },
  defaultImage: 'debian-12',
  sizes: { small: { cpus: 2, memoryGib: 4 } },
});
const context = { signal: new AbortController().signal, timeoutMs: 5_000 };

function machine(cpus: number, fields: Partial<Machine> = {}): Machine {
  const facts: MachineFacts = {
    boot: { firmware: 'uefi', mac: null, address: null },
    dmi: {
      uuid: null,
      serial: null,
      assetTag: null,
      boardSerial: null,
      chassisSerial: null,
      manufacturer: null,
      product: null,
      biosVersion: null,
    },
    cpu: { model: null, architecture: 'x86_64', sockets: 1, cores: cpus, threads: cpus, flags: [] },
    numa: [],
    memoryMiB: cpus * 2048,
    disks: [],
    nics: [],
    pci: [],
    gpus: [],
    bmc: null,
  };
  const identity = { uuid: null, serial: null, boardSerial: null, chassisSerial: null, assetTag: null, macs: [] };
  const reason = { code: 'x', message: 'x' };
  const first = firstMachine(
    `m${String(cpus)}`,
    {
      siteId: 's',
      name: `m${String(cpus)}`,
      state: 'ready',
      reason,
      approved: true,
      trust: 'approval',
      identity,
      labels: {},
      subnet: null,
      bmc: null,
    },
    0,
  );
  return { ...first, facts, ...fields };
}

const open = (settings: object = {}, credentials: object = {}) =>
  providerNamed('metal').open({
    siteId: 's',
    siteName: 'rack',
    configuration: settings,
    credentials,
    dataDirectory: '/nonexistent',
    log: () => undefined,
  });

describe('a metal site', () => {
  it('parses an empty configuration, and names every wrong field of a full one', () => {
    expect(() => open()).not.toThrow();
    const wrong = () =>
      open({
        subnets: [{ name: 'rack', cidr: '10.77.0.1/24' }],
        machines: [{ name: 'M 1', bmc: { driver: 'redfish', address: 'bmc1', options: { trust: { kind: 'maybe' } } } }],
        rules: [{ match: { memoryMiB: { min: 'much' } } }],
      });
    expect(wrong).toThrow(
      /\$\.subnets\[0\]\.cidr.*\$\.rules.*\$\.machines\[0\]\.name.*\$\.machines\[0\]\.bmc\.options\.trust/s,
    );
  });

  it('says nothing of a secret when its credentials are wrong', () => {
    const wrong = () => open({}, { bmc: { default: { user: 'admin', password: 'canary-1', kgHex: 'canary-2' } } });
    expect(wrong).toThrow(/\$\.bmc\.default\.kgHex/);
    expect(wrong).not.toThrow(/canary/);
  });

  it('does nothing without the inventory of machines', async () => {
    const node = {
      tags: { siteId: 's', deploymentId: 'd', nodeId: 'n', incarnation: 1 },
      key: 'k',
      name: 'n',
      providerId: null,
    };
    expect(await open().destroyNode(node, context)).toMatchObject({
      state: 'failed',
      failure: { code: 'no-machine-store' },
    });
  });
});

describe('what a request asks of the pool', () => {
  const request = { image: null, size: null, capabilities: [], labels: {} };
  const pool = [machine(2), machine(8)];

  it('resolves portable names, and asks by labels that say so for labels of machines', () => {
    const asked = { ...request, size: 'small', labels: { tier: 'db', 'machine/rack': '1' } };
    expect(resolveRequest(asked, configuration, pool)).toEqual({
      ok: true,
      wish: { image: 'debian-12', size: { cpus: 2, memoryGib: 4, arch: 'amd64' }, labels: { rack: '1' } },
    });
  });

  it('refuses what the site does not have, with what is near', () => {
    const failure = (change: object) => {
      const resolved = resolveRequest({ ...request, ...change }, configuration, pool);
      return resolved.ok ? null : `${resolved.failure.kind} ${resolved.failure.code} ${resolved.failure.message}`;
    };
    expect(failure({ image: 'debian-13' })).toMatch(/^invalid unknown-image .*debian-12/);
    expect(failure({ size: 'smal' })).toMatch(/^invalid unknown-size .*small/);
    expect(failure({ capabilities: ['container'] })).toMatch(/^invalid unknown-capability .*containers/);
    expect(failure({ size: { cpus: 64 } })).toMatch(/^invalid size-too-large .*cpus 64/);
    expect(failure({ size: { arch: 'arm64' } })).toMatch(/^invalid wrong-arch/);
  });

  it('does not judge the size of machines that nobody has looked at', () => {
    const blank = [machine(2, { facts: null })];
    expect(resolveRequest({ ...request, size: { cpus: 64 } }, configuration, blank).ok).toBe(true);
  });
});

describe('what is told of machines', () => {
  it('counts the pool, what is in use, and the largest machine', () => {
    const allocation = {
      key: 'k',
      deploymentId: 'd',
      nodeId: 'n',
      incarnation: 1,
      nodeName: 'edge-1',
      deploymentName: 'edge',
      image: 'debian-12',
      sshPublicKey: '',
      atMs: 0,
    };
    const machines = [machine(2), machine(8, { state: 'active', allocation }), machine(4, { state: 'retired' })];
    expect(catalogueOf(configuration, machines, 0)).toMatchObject({
      pool: 1,
      quota: { nodes: 2, used: 1 },
      custom: { maxCpus: 8, maxMemoryGib: 16 },
    });
    const install = {
      number: 1,
      image: 'debian-12',
      phase: 'installed',
      tokenHash: null,
      hostKeys: [],
      address: '10.0.0.9',
      port: 22,
      kernel: '6.1.0',
    } as const;
    expect(nodeFacts(machine(8, { allocation, install }), configuration)).toEqual({
      address: '10.0.0.9',
      arch: 'amd64',
      cpus: 8,
      diskGib: 0,
      hostname: 'edge-1',
      kernel: '6.1.0',
      memoryMib: 16_384,
      os: 'debian',
      osRelease: 'bookworm',
    });
    // What goes into a task names the one-time token without holding it.
    const body = installBody(machine(8, { allocation, install }), configuration);
    expect(JSON.stringify(body)).toContain('{"$keyed":"install m8 1"}');
  });
});

describe('the small parts', () => {
  it('reveals tokens of a task for its delivery', async () => {
    const keyed = (text: string) => Promise.resolve(`<${text}>`);
    const body = { a: [{ token: { $keyed: 'install m 1' } }], b: 'x', c: { d: null } };
    expect(await revealTaskBody(body, keyed)).toEqual({ a: [{ token: '<install m 1>' }], b: 'x', c: { d: null } });
  });

  it('ends a call at its deadline, and begins none whose caller has gone', async () => {
    const never = () => new Promise<never>(() => undefined);
    const late = withDeadline({ signal: context.signal, timeoutMs: 5 }, never).catch(metalFailureOf);
    expect(await late).toMatchObject({ kind: 'unavailable', code: 'timeout' });
    let begun = false;
    const gone = withDeadline({ signal: AbortSignal.abort(), timeoutMs: 5_000 }, () => {
      begun = true;
      return never();
    }).catch(metalFailureOf);
    expect(await gone).toMatchObject({ kind: 'unavailable', code: 'aborted' });
    expect(begun).toBe(false);
  });

  it('names what is wrong with a BMC, by its driver', () => {
    const settings = { driver: 'webhook', address: 'pdu1', options: { webhook: { on: {} } } };
    const paths = bmcSettingsProblems(settings).map(({ path }) => path);
    expect(paths).toContain('$.bmc.options.webhook.on.url');
    expect(bmcSettingsProblems({ driver: 'ipmi', address: '10.0.0.1' })).toEqual([]);
  });
});
