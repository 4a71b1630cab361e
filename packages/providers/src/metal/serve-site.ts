/**
 * The boot service of one site on this host: its directories, its processes, and what answers them. What it needs of the
 * database comes as functions, so that it goes on serving while that is away.
 */
import { createPrivateKey, createPublicKey, randomBytes, randomUUID } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import path from 'node:path';
import { type BootSessionStore, type Json, type JsonObject, type Machine, type MachineStore } from '@formwork/core';
import { signWith } from './agent/signature.ts';
import { createBootService } from './boot-service/boot-service.ts';
import type { BootServiceDeps, BootSite } from './boot-service/deps.ts';
import { createLeaseView } from './boot-service/lease-view.ts';
import type { MetalConfiguration } from './configuration.ts';
import { parseDhcpConfiguration } from './dhcp/configuration/parse-configuration.ts';
import type { ToldLease } from './dhcp/leases/lease-message.ts';
import { startReplicator } from './dhcp/leases/replicator.ts';
import { provideDiscoveryImage, provideLoaders, readDiscoveryImage, replaceFile } from './processes/boot-files.ts';
import {
  baseUrlOf,
  dhcpConfigurationOf,
  listenerConfigurationOf,
  type ProcessContext,
  type ProcessIdentity,
  tftpConfigurationOf,
} from './processes/process-configurations.ts';
import { prepareSiteDirectories } from './processes/site-directories.ts';
import { type SiteProcessEvent, startSiteProcesses } from './processes/site-processes.ts';

export interface ServeSiteDeps {
  readonly siteId: string;
  readonly configuration: MetalConfiguration;
  readonly dataDirectory: string;
  readonly user: ProcessIdentity | null;
  /** Sockets that were handed to us, bound to a device each, by name: the interface's. */
  readonly sockets: ReadonlyMap<string, number>;
  /** The site's ed25519 key, PKCS8 PEM. */
  readonly signingKey: string;
  readonly machines: MachineStore;
  readonly sessions: BootSessionStore;
  readonly reveal: (value: JsonObject) => Promise<JsonObject>;
  readonly readLeases: () => Promise<readonly ToldLease[]>;
  readonly writeLeases: (batch: readonly ToldLease[]) => Promise<void>;
  readonly log: BootServiceDeps['log'];
  readonly notice: BootServiceDeps['notice'];
  /** Something that is wrong at the site, about a subject; a message of null: it is over. */
  readonly problem: (code: SiteServiceProblem, subject: string, message: string | null) => void;
  readonly say: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly actor: string;
}

export type SiteServiceProblem =
  | 'boot-process-failed'
  | 'boot-configuration'
  | 'boot-loader-missing'
  | 'other-dhcp-server'
  | 'leases-not-copied';

export interface SiteService {
  /** What is to be known of the machines: reservations, names, and who boots its own disk while the database is away. */
  refresh(machines: readonly Machine[]): Promise<void>;
  close(): Promise<void>;
}

/** Whether this host has the address that the site's machines boot from. */
export const isBootHost = ({ boot }: MetalConfiguration): boolean =>
  boot.address !== null &&
  Object.values(networkInterfaces())
    .flat()
    .some((found) => found?.address === boot.address);

export async function serveSite(deps: ServeSiteDeps): Promise<SiteService> {
  const { configuration, siteId, machines, sessions, user } = deps;
  const address = configuration.boot.address ?? '';
  const directories = await prepareSiteDirectories(deps.dataDirectory, siteId);
  const key = createPrivateKey(deps.signingKey);
  const publicKey = createPublicKey(deps.signingKey);
  await replaceFile(directories.publicKey, publicKey.export({ format: 'pem', type: 'spki' }).toString());
  for (const name of await provideLoaders(directories.boot)) {
    deps.problem(
      'boot-loader-missing',
      name,
      `${name} is missing: install the package ipxe, or put it into ${directories.boot}`,
    );
  }
  const context: ProcessContext = { address, directories, user, fdName: socketFor(address, deps) };
  const view = createLeaseView(Date.now);
  let known: readonly Machine[] = await machines.list({ siteId });
  const discoveryImage = async () => {
    await provideDiscoveryImage(path.join(deps.dataDirectory, 'images/discovery'), directories.boot, publicKey);
    return readDiscoveryImage(directories.boot);
  };
  let image = await discoveryImage();
  const site = (): BootSite => ({
    id: siteId,
    baseUrl: baseUrlOf(address, configuration),
    subnets: configuration.subnets.map(({ name, cidr, mode = 'serve' }) => ({ name, cidr, mode })),
    rules: configuration.rules,
    trust: configuration.trust,
    deadlines: configuration.deadlineMinutes,
    limits: {
      mostUnknown: configuration.limits.unknown,
      mostPerWindow: configuration.limits.unknownPerWindow,
      windowMs: configuration.limits.windowSeconds * 1000,
    },
    image,
  });
  const service = createBootService({
    ...{ site, machines, sessions, leases: view, log: deps.log, notice: deps.notice, actor: deps.actor },
    lastKnown: () => known,
    sign: (document) => signWith(key, document),
    reveal: (value) => revealAny(deps.reveal, value),
    failed: (error, target) =>
      deps.say('a request of a machine could not be decided', { target, error: String(error) }),
    newId: randomUUID,
    randomToken: () => randomBytes(32).toString('base64url'),
    nowMs: () => performance.now(),
  });

  const copied = await deps.readLeases();
  let copyFails = false;
  const replicator = startReplicator<ToldLease>({
    backlog: [],
    deliver: async (batch) => {
      await deps.writeLeases(batch);
      if (copyFails) deps.problem('leases-not-copied', 'dhcp', null);
      copyFails = false;
    },
    onFailure: (error) => {
      if (!copyFails) deps.say('leases are not copied for now; the server goes on', { error: String(error) });
      copyFails = true;
    },
  });

  const dhcpText = (): string | null => {
    const made = dhcpConfigurationOf(configuration, known, context);
    const checked = parseDhcpConfiguration(made);
    const problems = checked.ok ? [] : checked.problems;
    const message = problems.map(({ path, message: what }) => `${path}: ${what}`).join('; ');
    deps.problem('boot-configuration', 'dhcp', message === '' ? null : message);
    return checked.ok ? JSON.stringify(made) : null;
  };
  let written = dhcpText() ?? '';
  const processes = await startSiteProcesses({
    ...{ run: directories.run, journal: directories.dhcp, copied, service },
    configurations: {
      dhcp: written,
      tftp: configuration.boot.tftp ? JSON.stringify(tftpConfigurationOf(context)) : null,
      http: JSON.stringify(listenerConfigurationOf(configuration, context)),
    },
    sockets: context.fdName === null ? new Map() : deps.sockets,
    leases: (batch) => {
      view.committed(batch);
      replicator.committed(batch);
    },
    onEvent: (event) => tell(deps, event),
  });
  return {
    refresh: async (now) => {
      known = now;
      image = await discoveryImage();
      const text = dhcpText();
      if (text === null || text === written) return;
      written = text;
      await processes.reconfigureDhcp(text);
    },
    close: async () => {
      await processes.close();
      await replicator.close();
    },
  };
}

/** A socket that bears the name of the interface with this address. */
function socketFor(address: string, { sockets }: ServeSiteDeps): string | null {
  const [name] =
    Object.entries(networkInterfaces()).find(([, found]) => found?.some((each) => each.address === address)) ?? [];
  return name !== undefined && sockets.has(name) ? name : null;
}

function tell(deps: ServeSiteDeps, event: SiteProcessEvent): void {
  switch (event.kind) {
    case 'ready':
      deps.say('a boot process is ready', { process: event.process });
      deps.problem('boot-process-failed', event.process, null);
      return;
    case 'ended': {
      const { process, how, delayMs, lines } = event;
      deps.say('a boot process ended and is started again', { process, how, delayMs, lines });
      deps.problem(
        'boot-process-failed',
        process,
        `the ${process} process ended (${how}): ${lines.slice(-3).join(' ')}`,
      );
      return;
    }
    case 'other-dhcp-server': {
      const { address, offered } = event;
      deps.say('another DHCP server answers on the network', { address, offered });
      deps.problem(
        'other-dhcp-server',
        address,
        `${address} answers DHCP on this network too, with ${offered}: switch it off, or make the subnet a proxy one`,
      );
      return;
    }
    case 'said':
      if (event.line['event'] !== 'transfer')
        deps.say('a boot process says', { process: event.process, ...event.line });
  }
}

async function revealAny(reveal: ServeSiteDeps['reveal'], value: Json): Promise<Json> {
  const { value: revealed = null } = await reveal({ value });
  return revealed;
}
