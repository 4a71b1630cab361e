import {
  applyMachineEvent,
  type BootSession,
  FormworkError,
  identityOfFacts,
  type Machine,
  type MachineFacts,
  takeReport,
} from '@formwork/core';
import { readInstalled, readLog } from '../agent/agent-bodies.ts';
import { empty, plainText, refuse } from '../agent/answers.ts';
import { renderEc2 } from '../http-boot/ec2-metadata.ts';
import type { Decided } from '../http-boot/listener/messages.ts';
import type { MachineData } from '../http-boot/machine-data.ts';
import { type NoCloudDocument, renderNoCloud } from '../http-boot/no-cloud.ts';
import type { BootServiceDeps } from './deps.ts';

/** What the agent found; a machine that turns out to be another one is broken by it. */
export async function takeFacts(deps: BootServiceDeps, session: BootSession, body: Uint8Array): Promise<Decided> {
  const facts = deps.readFacts(body);
  if (facts === null) return refuse('bad-request', 'the report is no facts report of agent version 1');
  const known = await deps.machines.findByIdentity(session.siteId, identityOfFacts(facts));
  try {
    await report(deps, session, facts, known, null);
  } catch (error) {
    // The name that a rule gives it is another machine's: it keeps a name of its own.
    if (!(error instanceof FormworkError) || error.code !== 'already-exists') throw error;
    await report(deps, session, facts, known, session.mac);
  }
  return empty();
}

async function report(
  { machines, site, actor }: BootServiceDeps,
  { machineId, siteId }: BootSession,
  facts: MachineFacts,
  known: readonly Machine[],
  nameAfter: string | null,
): Promise<void> {
  const { rules, trust, deadlines } = site();
  const number = rules.some(({ name }) => name?.includes('{number}') === true)
    ? await lowestNumber(await machines.list({ siteId }))
    : 1;
  await machines.update(
    machineId,
    (machine, nowMs) => {
      const changed = takeReport(machine, facts, { known, rules, trust, deadlines, nowMs });
      if (!changed.ok) return changed;
      const name = changed.machine.name.replace('{number}', String(number));
      return { ...changed.machine, name: nameAfter === null ? name : machine.name };
    },
    { actor },
  );
}

/** One more than the greatest number that a name of the site ends with. */
const lowestNumber = (machines: readonly Machine[]): Promise<number> =>
  Promise.resolve(1 + Math.max(0, ...machines.map(({ name }) => Number(/-?(\d{1,6})$/.exec(name)?.[1] ?? '0'))));

export async function takeLog(deps: BootServiceDeps, session: BootSession, body: Uint8Array): Promise<Decided> {
  const text = readLog(body);
  if (text === null) return refuse('too-large');
  if (text !== '') await deps.log({ machineId: session.machineId, sessionId: session.id, text });
  return empty();
}

/** The host keys of the installed system; the same again is answered like the first time. */
export async function takeInstalled(
  { machines, site, actor }: BootServiceDeps,
  { machineId }: BootSession,
  body: Uint8Array,
  address: string,
): Promise<Decided> {
  const installed = readInstalled(body);
  if (installed === null) return refuse('bad-request', 'host keys are one-line OpenSSH public keys');
  const { hostKeys } = installed;
  const { deadlines } = site();
  let answer = empty();
  await machines.update(
    machineId,
    (machine, nowMs) => {
      const { install } = machine;
      if (install?.phase === 'installed') {
        answer = install.hostKeys.join() === hostKeys.join() ? empty() : refuse('not-yours');
        return null;
      }
      const changed = applyMachineEvent(machine, { kind: 'installed', hostKeys, address }, nowMs, deadlines);
      answer = changed.ok ? empty() : refuse('wrong-state', changed.message);
      return changed.ok ? changed : null;
    },
    { actor },
  );
  return answer;
}

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
