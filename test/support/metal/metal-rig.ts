// A metal site for tests: machines with emulated BMCs and real systems, a database for their inventory, and its keeper.
import { createHash, randomUUID } from 'node:crypto';
import { addedMachine, type MachineStore } from '@formwork/core';
import { type Database, openDatabase, openMachineStore } from '@formwork/db';
import { type Provider, providerNamed } from '@formwork/providers';
import { arch } from 'node:os';
import { labIdentity } from '../../lab/bmc-emulator/chassis/identity.ts';
import { type EmulatedBmc, startBmc } from '../../lab/bmc-emulator/emulated-bmc.ts';
import { startTestDatabase, type TestDatabase } from '../database.ts';
import type { InstalledSystems } from './installed-systems.ts';
import { type RigDeps, rigMachine } from './rig-machine.ts';

export interface MetalRig {
  readonly siteId: string;
  readonly store: MachineStore;
  readonly database: Database;
  readonly bmcs: readonly EmulatedBmc[];
  readonly logged: string[];
  /** What went wrong in a machine itself. */
  readonly failures: readonly unknown[];
  open(configuration?: object, store?: MachineStore): Provider;
  close(): Promise<void>;
}

export const bmcPassword = 'bmc-canary-7781';
const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/** Configuration of a site of such machines. */
export const rigConfiguration = {
  bmc: { minimumGapMs: 0, pollMs: 50 },
  images: {
    'debian-12': {
      file: 'debian-12.raw',
      sha256: '0'.repeat(64),
      sizeBytes: 1,
      os: 'debian',
      release: 'bookworm',
      arch: arch() === 'arm64' ? 'arm64' : 'amd64',
    },
  },
  defaultImage: 'debian-12',
  idle: 'on',
};
export const rigCredentials = { bmc: { default: { user: 'admin', password: bmcPassword } } };

/** Machines `rack1-01`, ... of a site, with BMCs that speak IPMI and Redfish in turns; known to its inventory. */
export async function startRigMachines(
  options: Omit<RigDeps, 'failed'> & { readonly machines: number },
): Promise<{ readonly bmcs: readonly EmulatedBmc[]; readonly failures: unknown[] }> {
  const failures: unknown[] = [];
  const bmcs: EmulatedBmc[] = [];
  const failed = (error: unknown): void => {
    failures.push(error);
  };
  for (let index = 1; index <= options.machines; index += 1) {
    const identity = labIdentity(index);
    const chassis = rigMachine({ ...options, failed }, identity);
    const bmc = await startBmc({ chassis, password: bmcPassword, slots: 16 });
    bmcs.push(bmc);
    const settings =
      index % 2 === 0
        ? { driver: 'ipmi' as const, port: bmc.ipmi.port, options: {} }
        : {
            driver: 'redfish' as const,
            port: Number(new URL(bmc.redfish.url).port),
            options: { scheme: 'http', trust: { kind: 'insecure' } },
          };
    await options.store.create(
      addedMachine({
        siteId: options.siteId,
        name: `rack1-${String(index).padStart(2, '0')}`,
        macs: identity.macs,
        labels: { rack: '1' },
        bmc: { address: '127.0.0.1', credentials: 'default', ...settings },
      }),
      'test',
    );
  }
  return { bmcs, failures };
}

export async function startMetalRig(options: {
  readonly machines: number;
  readonly systems: InstalledSystems;
  readonly failing?: ReadonlyMap<string, string>;
  /** Of the site, for its keeper too. */
  readonly configuration?: object;
}): Promise<MetalRig> {
  const server: TestDatabase = await startTestDatabase();
  const database = openDatabase({ url: server.url, log: quiet });
  const store = openMachineStore(database);
  const siteId = randomUUID();
  await database.query(`INSERT INTO sites (id, name, provider, configuration) VALUES ($1, 'rack', 'metal', '{}')`, [
    siteId,
  ]);
  const keyed = (text: string) => Promise.resolve(createHash('sha256').update(`${siteId} ${text}`).digest('hex'));
  const { systems, failing = new Map<string, string>(), configuration: own = {} } = options;
  const { bmcs, failures } = await startRigMachines({
    siteId,
    store,
    keyed,
    systems,
    failing,
    machines: options.machines,
  });
  const logged: string[] = [];
  const open: MetalRig['open'] = (configuration = {}, from = store) =>
    providerNamed('metal').open({
      siteId,
      siteName: 'rack',
      configuration: { ...rigConfiguration, ...own, ...configuration },
      credentials: rigCredentials,
      dataDirectory: '/nonexistent',
      log: (message, fields) => logged.push(`${message} ${JSON.stringify(fields)}`),
      machines: { store: from, keyed, actor: 'worker:test' },
    });

  const keeper = open();
  const stop = new AbortController();
  const keeping = (async () => {
    while (!stop.signal.aborted) {
      await keeper.machines?.keep({ signal: stop.signal, timeoutMs: 60_000 }).catch((error: unknown) => {
        if (!stop.signal.aborted) failures.push(error);
      });
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  })();
  return {
    siteId,
    store,
    database,
    bmcs,
    logged,
    failures,
    open,
    async close() {
      stop.abort();
      await keeping;
      await keeper.close();
      for (const bmc of bmcs) await bmc.close();
      await options.systems.close();
      await database.close();
      await server.stop();
    },
  };
}
