import type { Chassis } from './chassis/chassis.ts';
import { noFaults, type Faults } from './faults.ts';
import { createEventLog } from './ipmi/event-log.ts';
import { startIpmiServer, type IpmiServer } from './ipmi/ipmi-server.ts';
import { createMachine, type Machine } from './machine.ts';
import { redfishShapeSchema, type RedfishShape } from './redfish/redfish-options.ts';
import { startRedfishServer, type RedfishServer } from './redfish/redfish-server.ts';

export interface EmulatedBmcOptions {
  readonly chassis: Chassis;
  readonly host?: string;
  /** 0 takes a free one. */
  readonly ipmiPort?: number;
  readonly redfishPort?: number;
  readonly redfish?: Partial<RedfishShape>;
  /** PEM of Redfish's certificate; without it plain HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string } | null;
  readonly user?: string;
  readonly password?: string;
  readonly kg?: Buffer | null;
  /** Cipher suites of IPMI that the BMC has. */
  readonly suites?: readonly number[];
  /** Sessions at once, of IPMI and of Redfish each. */
  readonly slots?: number;
  readonly halfOpenMs?: number;
  readonly idleMs?: number;
  /** IANA enterprise number; 10876 is Supermicro's, with its own boot device codes. */
  readonly manufacturerId?: number;
  readonly faults?: Partial<Faults>;
  readonly now?: () => number;
}

export interface EmulatedBmc {
  readonly host: string;
  readonly machine: Machine;
  /** May be changed at any time. */
  readonly faults: Faults;
  readonly ipmi: IpmiServer;
  readonly redfish: RedfishServer;
  close(): Promise<void>;
}

/** One machine and its BMC, on the loopback unless told otherwise. */
export async function startBmc(options: EmulatedBmcOptions): Promise<EmulatedBmc> {
  const { chassis, host = '127.0.0.1', user = 'admin', password = 'secret', now = Date.now } = options;
  const faults = { ...noFaults(), ...options.faults };
  const machine = createMachine({ chassis, faults, now });
  const ipmi = await startIpmiServer({
    host,
    port: options.ipmiPort ?? 0,
    machine,
    events: createEventLog(now),
    user,
    password,
    kg: options.kg ?? null,
    guid: guidOf(chassis.identity.uuid),
    suites: options.suites ?? [3, 17],
    limits: { slots: options.slots ?? 4, halfOpenMs: options.halfOpenMs ?? 5_000, idleMs: options.idleMs ?? 60_000 },
    manufacturerId: options.manufacturerId ?? 0,
    now,
  });
  const redfish = await startRedfishServer({
    host,
    port: options.redfishPort ?? 0,
    machine,
    shape: redfishShapeSchema.parse(options.redfish ?? {}),
    user,
    password,
    slots: options.slots ?? 4,
    tls: options.tls ?? null,
  });
  return {
    host,
    machine,
    faults,
    ipmi,
    redfish,
    close: async () => {
      await ipmi.close();
      await redfish.close();
      await chassis.close();
    },
  };
}

const guidOf = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');
