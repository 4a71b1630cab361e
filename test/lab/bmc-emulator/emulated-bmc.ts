import type { Chassis } from './chassis/chassis.ts';
import { noFaults, type Faults } from './faults.ts';
import { createEventLog } from './ipmi/event-log.ts';
import { startIpmiServer, type IpmiServer } from './ipmi/ipmi-server.ts';
import { createMachine, type Machine } from './machine.ts';

export interface EmulatedBmcOptions {
  readonly chassis: Chassis;
  readonly host?: string;
  /** 0 takes a free one. */
  readonly ipmiPort?: number;
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
  close(): Promise<void>;
}

/** One machine and its BMC, on the loopback unless told otherwise. */
export async function startBmc(options: EmulatedBmcOptions): Promise<EmulatedBmc> {
  const { chassis, host = '127.0.0.1', now = Date.now } = options;
  const faults = { ...noFaults(), ...options.faults };
  const machine = createMachine({ chassis, faults, now });
  const ipmi = await startIpmiServer({
    host,
    port: options.ipmiPort ?? 0,
    machine,
    events: createEventLog(now),
    user: options.user ?? 'admin',
    password: options.password ?? 'secret',
    kg: options.kg ?? null,
    guid: guidOf(chassis.identity.uuid),
    suites: options.suites ?? [3, 17],
    limits: { slots: options.slots ?? 4, halfOpenMs: options.halfOpenMs ?? 5_000, idleMs: options.idleMs ?? 60_000 },
    manufacturerId: options.manufacturerId ?? 0,
    now,
  });
  return {
    host,
    machine,
    faults,
    ipmi,
    close: async () => {
      await ipmi.close();
      await chassis.close();
    },
  };
}

const guidOf = (uuid: string): Buffer => Buffer.from(uuid.replaceAll('-', ''), 'hex');
