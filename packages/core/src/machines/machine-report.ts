/** What a machine says of itself, turned into what it becomes: by its agent, and by the system installed on it. */
import { applyRules, type DiscoveryRule } from './discovery-rules.ts';
import { cleanIdentity, matchIdentity, mergeIdentity } from './identity.ts';
import { applyMachineEvent, type MachineChanged, type MachineDeadlines } from './machine-event.ts';
import type { MachineFacts } from './machine-facts.ts';
import type { Machine, MachineIdentity, MachineInstall } from './machine.ts';

export const identityOfFacts = ({ dmi, nics, boot }: MachineFacts): MachineIdentity =>
  cleanIdentity({ ...dmi, macs: [...nics.map(({ mac }) => mac), boot.mac] });

/**
 * A facts report of its claimed session. An unknown machine gets what the site's rules say, and may be approved by them; one
 * that is inspected is ready then. Facts that are those of another machine break it: somebody answers in its name.
 */
export function takeFacts(
  machine: Machine,
  facts: MachineFacts,
  rules: readonly DiscoveryRule[],
  nowMs: number,
  deadlines: MachineDeadlines = {},
): MachineChanged {
  const seen = identityOfFacts(facts);
  if (matchIdentity(seen, [machine]).kind !== 'same') {
    const message = 'the facts it reported are those of another machine; compare serials, UUID and MACs';
    return applyMachineEvent(
      machine,
      { kind: 'fail', reason: { code: 'identity-conflict', message } },
      nowMs,
      deadlines,
    );
  }
  const known: Machine = {
    ...machine,
    facts,
    factsAtMs: nowMs,
    identity: mergeIdentity(machine.identity, seen),
    power: { ...machine.power, agentAtMs: nowMs, observed: 'on', observedAtMs: nowMs, boots: 0 },
  };
  if (machine.state === 'inspecting') return applyMachineEvent(known, { kind: 'inspected' }, nowMs, deadlines);
  if (machine.state !== 'discovered') return { ok: true, machine: known };
  const { name, labels, approve, rule } = applyRules(rules, known, facts);
  const ruled: Machine = { ...known, name: name ?? known.name, labels: { ...known.labels, ...labels } };
  if (!approve) return { ok: true, machine: ruled };
  const reason = { code: 'rule', message: `approved by rule ${String((rule ?? 0) + 1)} of the site` };
  return applyMachineEvent(ruled, { kind: 'approve', reason }, nowMs, deadlines);
}

/** Its agent said something: it is there, and it runs the discovery image. */
export const agentHeard = (machine: Machine, nowMs: number): Machine => ({
  ...machine,
  power: { ...machine.power, agentAtMs: nowMs, observed: 'on', observedAtMs: nowMs },
});

/** It was given a boot script of the network: counted, so that a loop comes to an end. */
export const bootCounted = (machine: Machine): Machine => ({
  ...machine,
  power: { ...machine.power, boots: machine.power.boots + 1 },
});

/** The image is on its disk: from now on it boots nothing else. */
export function imageWritten(machine: Machine): Machine {
  const { install } = machine;
  if (install?.phase !== 'writing') return machine;
  return { ...machine, install: { ...install, phase: 'written' }, power: { ...machine.power, boots: 0 } };
}

/** What the first boot of an installed system reports. */
export interface InstalledReport {
  /** SHA-256 (hexadecimal) of the one-time token that it showed. */
  readonly tokenHash: string;
  /** OpenSSH one-line public keys. */
  readonly hostKeys: readonly string[];
  /** Where the report came from: there SSH answers. */
  readonly address: string;
  /** `uname -r`; null where it does not say. */
  readonly kernel: string | null;
}

const hostKeyPattern = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp\d{3}) [A-Za-z0-9+/]+={0,2}$/;

/** Pins the host keys, once: the token is used up by it. */
export function reportInstalled(
  machine: Machine,
  report: InstalledReport,
  nowMs: number,
  deadlines: MachineDeadlines = {},
): MachineChanged {
  const { install } = machine;
  if (install?.tokenHash == null || install.tokenHash !== report.tokenHash) {
    return { ok: false, code: 'wrong-token', message: 'the token of the installation is not valid, or was used' };
  }
  const hostKeys = report.hostKeys.map((key) => key.trim().split(/\s+/).slice(0, 2).join(' '));
  if (!hostKeys.some((key) => key.startsWith('ssh-ed25519 ')) || !hostKeys.every((key) => hostKeyPattern.test(key))) {
    return { ok: false, code: 'bad-host-keys', message: 'report OpenSSH public host keys, an ed25519 one among them' };
  }
  const told: MachineInstall = { ...install, kernel: report.kernel };
  const event = { kind: 'installed', hostKeys, address: report.address } as const;
  return applyMachineEvent({ ...machine, install: told }, event, nowMs, deadlines);
}
