import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { defaultSightingLimits, type Json, type Machine } from '@formwork/core';
import { appendMachineLog, type Database, insertSite, openBootSessions, openMachineStore } from '@formwork/db';
import { type BootServiceDeps, type BootSite, createBootService, createLeaseView, signWith } from '@formwork/providers';
import { z } from 'zod';

/** A site, its boot service on a real database, and a hand that gives out leases. */
export async function openBootWorld(db: Database, change: Partial<BootSite> = {}) {
  const siteId = randomUUID();
  await db.transaction((tx) =>
    insertSite(tx, {
      ...{ id: siteId, name: `rack-${siteId.slice(0, 8)}`, provider: 'sim', configuration: {}, params: {} },
      ...{ credentials: null, maxNodes: null, actor: 'test' },
    }),
  );
  const site: BootSite = {
    id: siteId,
    baseUrl: 'http://10.77.0.1:8080',
    subnets: [{ name: 'rack-1', cidr: '10.77.0.0/24', mode: 'serve' }],
    rules: [],
    trust: 'approval',
    deadlines: {},
    limits: defaultSightingLimits,
    image: { kernel: 'files/discovery/vmlinuz', initrd: 'files/discovery/initrd', arguments: [] },
    ...change,
  };
  const machines = openMachineStore(db);
  const sessions = openBootSessions(db);
  const leases = createLeaseView(Date.now);
  const key = generateKeyPairSync('ed25519');
  const notices: { code: string; machineId: string | null; message: string }[] = [];
  const failures: unknown[] = [];
  let known: readonly Machine[] = [];
  const secrets = new Map<string, string>();
  const named = z.object({ $secret: z.object({ ref: z.string() }) });
  const reveal = (value: Json): Promise<Json> =>
    Promise.resolve(
      JSON.parse(
        JSON.stringify(value, (_name, item: Json) => {
          const reference = named.safeParse(item);
          return reference.success ? (secrets.get(reference.data.$secret.ref) ?? null) : item;
        }),
      ) as Json,
    );
  const deps: BootServiceDeps = {
    ...{ site: () => site, machines, sessions, leases, reveal, lastKnown: () => known },
    sign: (document) => signWith(key.privateKey, document),
    log: (piece) => appendMachineLog(db, piece),
    notice: (notice) => notices.push(notice),
    failed: (error) => failures.push(error),
    newId: randomUUID,
    randomToken: () => randomBytes(32).toString('base64url'),
    nowMs: () => performance.now(),
    actor: 'worker:test',
  };
  let sequence = 0;
  return {
    ...{ siteId, site, machines, sessions, notices, failures, secrets },
    sitePublicKey: key.publicKey,
    service: createBootService(deps),
    serviceWith: (more: Partial<BootServiceDeps>) => createBootService({ ...deps, ...more }),
    lease: (mac: string, address: string): void => {
      sequence += 1;
      leases.committed([{ address, client: mac, state: 'active', untilMs: Date.now() + 600_000, sequence }]);
    },
    remember: async (): Promise<void> => {
      known = await machines.list({ siteId });
    },
    machine: async (mac: string): Promise<Machine> => {
      const [machine] = await machines.list({ siteId, mac });
      if (machine === undefined) throw new Error(`no machine has ${mac}`);
      return machine;
    },
  };
}
