import { createHash } from 'node:crypto';
import { applyMachineEvent, type BootSession, type Machine, reportInstalled, takeFacts } from '@formwork/core';
import { type InstalledBody, readInstalled, readLog } from '../agent/agent-bodies.ts';
import { empty, plainText, refuse } from '../agent/answers.ts';
import { renderEc2 } from '../http-boot/ec2-metadata.ts';
import type { Decided } from '../http-boot/listener/messages.ts';
import type { MachineData } from '../http-boot/machine-data.ts';
import { type NoCloudDocument, renderNoCloud } from '../http-boot/no-cloud.ts';
import { parseFactsReport } from '../machines/facts-report.ts';
import type { BootServiceDeps } from './deps.ts';

/** What the agent found; a machine that turns out to be another one is broken by it. */
export async function takeReport(deps: BootServiceDeps, session: BootSession, body: Uint8Array): Promise<Decided> {
  const { machines, site, actor } = deps;
  const report = parseFactsReport(body);
  if (!report.ok) return refuse('bad-request', `the report is no facts report of agent version 1: ${report.why}`);
  const { facts } = report;
  const { rules, trust, deadlines } = site();
  await machines.update(
    session.machineId,
    (machine, nowMs) => {
      const taken = takeFacts(machine, facts, rules, nowMs, deadlines);
      if (!taken.ok || taken.machine.state !== 'discovered' || trust !== 'tofu') return taken;
      const reason = { code: 'tofu', message: 'the site trusts whoever comes first' };
      return applyMachineEvent({ ...taken.machine, trust }, { kind: 'approve', reason }, nowMs, deadlines);
    },
    { actor, freeName: true },
  );
  return empty();
}

export async function takeLog(deps: BootServiceDeps, session: BootSession, body: Uint8Array): Promise<Decided> {
  const text = readLog(body);
  if (text === null) return refuse('too-large');
  if (text !== '') await deps.log({ machineId: session.machineId, sessionId: session.id, text });
  return empty();
}

/** Tokens that were used up here, by their hash, with the answer's host keys: a repeated report is answered alike. */
export type UsedTokens = Map<string, string>;
const mostUsedTokens = 1024;

/**
 * The host keys of an installed system that has a one-time token instead of a key of its own: the machine is the one whose
 * installation the token is of. Looked for among those that are being installed, never among all.
 */
export async function takeTokenInstalled(
  deps: BootServiceDeps,
  used: UsedTokens,
  body: Uint8Array,
  address: string,
): Promise<Decided> {
  const installed = readInstalled(body);
  if (installed?.token == null) return refuse('unknown');
  const tokenHash = sha256(installed.token);
  const keys = installed.hostKeys.join();
  if (used.has(tokenHash)) return used.get(tokenHash) === keys ? empty() : refuse('unknown');
  const installing = await deps.machines.list({ siteId: deps.site().id, states: ['deploying'] });
  const machine = installing.find(({ install }) => install?.tokenHash === tokenHash);
  if (machine === undefined) return refuse('unknown');
  const answer = await pinKeys(deps, machine.id, tokenHash, installed, address);
  if (answer.kind === 'answer' && answer.answer.status === 204) {
    used.set(tokenHash, keys);
    const [oldest] = used.keys();
    if (used.size > mostUsedTokens && oldest !== undefined) used.delete(oldest);
  }
  return answer;
}

/** The host keys of an installed system that signs with the key of its installation. */
export async function takeInstalled(
  deps: BootServiceDeps,
  { machineId, publicKey }: BootSession,
  body: Uint8Array,
  address: string,
): Promise<Decided> {
  const installed = readInstalled(body);
  if (installed === null) return refuse('bad-request', 'host keys are one-line OpenSSH public keys');
  return await pinKeys(deps, machineId, sha256(publicKey ?? ''), installed, address);
}

/** The same keys again are answered like the first time. */
async function pinKeys(
  { machines, site, actor }: BootServiceDeps,
  machineId: string,
  tokenHash: string,
  { hostKeys, kernel }: InstalledBody,
  address: string,
): Promise<Decided> {
  const { deadlines } = site();
  let answer = empty();
  await machines.update(
    machineId,
    (machine, nowMs) => {
      const { install } = machine;
      if (install?.phase === 'installed') {
        if (install.hostKeys.join() === hostKeys.join()) return null;
        // Who signs for the system and has other keys is not the one that reported before, or its keys were made anew.
        answer = refuse('claim-conflict');
        const message = `${address} reported other host keys for the installed system than were pinned`;
        const conflict = { kind: 'fail', reason: { code: 'claim-conflict', message } } as const;
        const broken = applyMachineEvent(machine, conflict, nowMs, deadlines);
        return broken.ok ? broken : null;
      }
      const changed = reportInstalled(machine, { tokenHash, hostKeys, address, kernel }, nowMs, deadlines);
      answer = changed.ok ? empty() : refuse('wrong-state', changed.message);
      return changed.ok ? changed : null;
    },
    { actor },
  );
  return answer;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const noCloud = new Set<string>(['meta-data', 'user-data', 'vendor-data', 'network-config']);
const isNoCloud = (file: string): file is NoCloudDocument => noCloud.has(file);

/** What a machine that belongs to a node is told about itself. */
export async function giveData({ machines }: BootServiceDeps, session: BootSession, file: string): Promise<Decided> {
  const machine = await machines.get(session.machineId);
  const data = machine === null ? null : dataOf(machine);
  if (data === null) return refuse('not-found');
  if (isNoCloud(file)) return plainText(renderNoCloud(file, data));
  const text = renderEc2(`/${file}`, data);
  return text === null ? refuse('not-found') : plainText(text);
}

function dataOf({ id, allocation, install, facts }: Machine): MachineData | null {
  if (allocation === null) return null;
  return {
    instanceId: `${id}-${install?.number ?? 0}`,
    hostname: allocation.nodeName,
    sshKeys: [allocation.sshPublicKey],
    userData: null,
    vendorData: null,
    interfaces: (facts?.nics ?? [])
      .flatMap(({ mac }) => mac ?? [])
      .map((mac) => ({ mac, addresses: [], gateway: null, nameservers: [], mtu: null })),
  };
}
