import { randomInt } from 'node:crypto';
import type { Machine, MachineBmc } from '@formwork/core';
import { z } from 'zod';
import { providerError } from '../provider-error.ts';
import { ipmiOptions, optionsOf, redfishOptions, webhookOptions } from './bmc-settings.ts';
import { type Bmc, type BmcPolicy, defaultPolicy, openBmc } from './bmc/bmc.ts';
import { bmcQueues } from './bmc/bmc-queue.ts';
import type { GiveCredentials } from './bmc/credentials.ts';
import type { BmcDriver } from './bmc/driver.ts';
import type { SuiteId } from './bmc/ipmi/cipher-suites.ts';
import { ipmiDriver } from './bmc/ipmi/ipmi-driver.ts';
import { ipmiTarget } from './bmc/ipmi/ipmi-target.ts';
import { ipmitoolDriver } from './bmc/ipmitool/ipmitool-driver.ts';
import { redfishDriver } from './bmc/redfish/redfish-driver.ts';
import { runProgram } from './bmc/run-program.ts';
import { webhookDriver } from './bmc/webhook/webhook-driver.ts';
import type { MetalConfiguration, MetalCredentials } from './configuration.ts';
import { metalFailures } from './errors.ts';

/** The BMCs of a site's machines: one handle for each, kept while its settings stay. */
export interface Bmcs {
  /** Null: the machine has none. @throws `invalid` when its settings are wrong. */
  of(machine: Machine): Bmc | null;
  close(): Promise<void>;
}

export interface BmcsDeps {
  readonly configuration: MetalConfiguration;
  readonly credentials: MetalCredentials;
  /** A session found out which cipher suite this BMC really has. */
  readonly learned: (machineId: string, suite: SuiteId) => void;
  readonly log: (message: string, fields: Readonly<Record<string, string>>) => void;
}

export function openBmcs(deps: BmcsDeps): Bmcs {
  const { minimumGapMs, powerDeadlineMs, pollMs } = deps.configuration.bmc;
  const queues = bmcQueues(minimumGapMs);
  const policy: BmcPolicy = { ...defaultPolicy, powerDeadlineMs, pollMs };
  const opened = new Map<string, { readonly settings: string; readonly bmc: Bmc }>();
  return {
    of(machine) {
      if (machine.bmc === null) return null;
      const settings = settingsText(machine.bmc);
      const known = opened.get(machine.id);
      if (known?.settings === settings) return known.bmc;
      const driver = driverOf(deps, machine, machine.bmc);
      const bmc = openBmc({
        driver,
        queue: queues(`${machine.bmc.address}:${String(machine.bmc.port)}`),
        policy,
        now: () => performance.now(),
        random: () => randomInt(2 ** 32) / 2 ** 32,
      });
      opened.set(machine.id, { settings, bmc });
      if (known !== undefined) void known.bmc.close().catch(() => undefined);
      return bmc;
    },
    async close() {
      for (const { bmc } of opened.values()) await bmc.close().catch(() => undefined);
      opened.clear();
    },
  };
}

/** What a session learned is no other BMC. */
const settingsText = ({ options, ...rest }: MachineBmc): string =>
  JSON.stringify([rest, Object.entries(options).filter(([name]) => name !== 'learnedSuite')]);

function driverOf(deps: BmcsDeps, machine: Machine, bmc: MachineBmc): BmcDriver {
  const credentials: GiveCredentials = () => {
    const account = deps.credentials.bmc[bmc.credentials];
    if (account !== undefined) {
      const { user, password, kgHex } = account;
      return Promise.resolve({ user, password, ...(kgHex === undefined ? {} : { kgHex }) });
    }
    return Promise.reject(providerError(metalFailures.noAccount(bmc.credentials, Object.keys(deps.credentials.bmc))));
  };
  switch (bmc.driver) {
    case 'ipmi':
    case 'ipmitool': {
      const { privilege, suites, learnedSuite } = parsed(machine, ipmiOptions, bmc.options);
      const target = ipmiTarget({
        host: bmc.address,
        ...(bmc.port === null ? {} : { port: bmc.port }),
        credentials,
        privilege,
        allowedSuites: suites,
        rememberedSuite: learnedSuite,
        notice: (notice) => {
          deps.log(notice.kind, { machine: machine.name, suite: String(notice.suite) });
          if (notice.kind === 'suite-learned') deps.learned(machine.id, notice.suite);
        },
      });
      return bmc.driver === 'ipmi'
        ? ipmiDriver(target)
        : ipmitoolDriver({ target, suite: learnedSuite ?? suites[0] ?? 17, run: runProgram });
    }
    case 'redfish': {
      const { trust, scheme, systemId } = parsed(machine, redfishOptions, bmc.options);
      const host = bmc.address.includes(':') ? `[${bmc.address}]` : bmc.address;
      const baseUrl = `${scheme}://${host}${bmc.port === null ? '' : `:${String(bmc.port)}`}`;
      return redfishDriver({ baseUrl, credentials, trust, systemId, now: Date.now });
    }
    case 'webhook': {
      const { trust, webhook } = parsed(machine, webhookOptions, bmc.options);
      const secret = (name: string): Promise<string> => {
        const value = deps.credentials.secrets[name];
        return value === undefined
          ? Promise.reject(providerError(metalFailures.noSecret(name)))
          : Promise.resolve(value);
      };
      return webhookDriver({ configuration: webhook, trust, secret, now: Date.now });
    }
  }
}

function parsed<T>(machine: Machine, schema: z.ZodType<T>, options: MachineBmc['options']): T {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const problems = result.error.issues.map(({ path, message }) => `${z.core.toDotPath(path)}: ${message}`).join('; ');
  throw providerError(metalFailures.badBmc(machine.name, problems));
}

/** BIOS or UEFI: by its facts, else as its BMC's settings say. */
export function firmwareOf({ facts, bmc }: Machine): 'bios' | 'uefi' {
  if (facts?.boot.firmware != null) return facts.boot.firmware;
  if (bmc === null) return 'bios';
  const options = optionsOf[bmc.driver].safeParse(bmc.options);
  return options.data?.firmware ?? 'bios';
}
