import {
  applyMachineEvent,
  bootCounted,
  cleanIdentity,
  decideBoot,
  hashBootToken,
  type Machine,
  type MachineBoot,
  type Sighted,
} from '@formwork/core';
import { isInCidr } from './subnets.ts';
import { type BootRequest, parseBootRequest } from '../http-boot/boot-request.ts';
import type { BootDecision } from '../http-boot/boot-script.ts';
import type { BootServiceDeps, BootSubnet } from './deps.ts';

/** How long a machine may take from its script to the claim of its agent, milliseconds. */
const tokenLifetimeMs = 15 * 60_000;

const wait = (reason: string, seconds: number): BootDecision => ({ kind: 'wait', reason, seconds });

/** What the machine that asks from this address is to boot; a token is made for it alone. */
export async function decideScript(deps: BootServiceDeps, query: string, address: string): Promise<BootDecision> {
  const asked = knownAsker(deps, query, address);
  if ('kind' in asked) return asked;
  const { request, subnet } = asked;
  const { site, machines, actor } = deps;
  const sighting = {
    siteId: site().id,
    subnet: subnet.name,
    mac: request.mac,
    identity: cleanIdentity({
      ...{ uuid: request.uuid, serial: request.serial, boardSerial: request.boardSerial, assetTag: request.asset },
      macs: [request.mac],
    }),
  };
  const sighted = await machines.sight(sighting, site().limits, actor);
  if (sighted.kind === 'ambiguous') return ambiguous(sighted);
  if (sighted.kind === 'refused') return wait(sighted.reason, sighted.seconds);
  const { machine } = sighted;
  const boot = decideBoot(machine);
  switch (boot.kind) {
    case 'local':
      return { kind: 'local' };
    case 'wait':
      return wait(boot.reason, boot.seconds);
    case 'give-up':
      return giveUp(deps, machine, boot);
    case 'discover':
    case 'install':
    case 'rescue':
      return withToken(deps, machine, boot.kind, { mac: request.mac, address });
  }
}

/** As `decideScript`, from what was last read: who runs from its disk goes on doing so while the database is away. */
export function decideWithoutStore(deps: BootServiceDeps, query: string, address: string): BootDecision {
  const asked = knownAsker(deps, query, address);
  if ('kind' in asked) return asked;
  const machine = deps.lastKnown().find(({ identity }) => identity.macs.includes(asked.request.mac));
  return machine !== undefined && decideBoot(machine).kind === 'local'
    ? { kind: 'local' }
    : wait('the database of the server does not answer, asking again', 10);
}

/** Who asks, if that can be said: a token must not go to an address that was given to somebody else. */
function knownAsker(
  deps: BootServiceDeps,
  query: string,
  address: string,
): BootDecision | { readonly request: BootRequest; readonly subnet: BootSubnet } {
  const parsed = parseBootRequest(query);
  if (!parsed.ok) return wait('the request names no MAC', 60);
  const { subnets } = deps.site();
  const subnet = subnets.find(({ cidr }) => isInCidr(address, cidr));
  if (subnet === undefined) {
    return wait(
      `${address} is in no subnet of this site: ${subnets.map(({ name, cidr }) => `${name} (${cidr})`).join(', ')}`,
      60,
    );
  }
  const client = deps.leases.clientOf(address);
  if (client === parsed.request.mac || (client === null && subnet.mode === 'proxy')) {
    return { request: parsed.request, subnet };
  }
  deps.notice({
    code: 'boot-refused',
    machineId: null,
    address,
    message: `${address} asked to boot as ${parsed.request.mac}; that address belongs to ${client ?? 'nobody'}`,
  });
  return wait(`${address} was not given to ${parsed.request.mac} by this server, asking again`, 30);
}

function ambiguous({ machines }: Extract<Sighted, { kind: 'ambiguous' }>): BootDecision {
  const names = machines.map(({ name }) => name).join(' and ');
  return wait(`${names} look the same as this machine; a person has to say which one it is`, 60);
}

async function giveUp(
  { machines, site, actor }: BootServiceDeps,
  machine: Machine,
  boot: Extract<MachineBoot, { kind: 'give-up' }>,
): Promise<BootDecision> {
  const reason = { code: boot.code, message: boot.reason };
  const { deadlines } = site();
  await machines.update(
    machine.id,
    (now, nowMs) => {
      const changed = applyMachineEvent(now, { kind: 'fail', reason }, nowMs, deadlines);
      return changed.ok ? changed : null;
    },
    { actor },
  );
  return wait(boot.reason, 60);
}

async function withToken(
  deps: BootServiceDeps,
  machine: Machine,
  kind: 'discover' | 'install' | 'rescue',
  asker: { readonly mac: string; readonly address: string },
): Promise<BootDecision> {
  const { image, id: siteId } = deps.site();
  if (image === null) {
    return wait('this site has no discovery image yet: formwork image build discovery', 30);
  }
  const token = deps.randomToken();
  const session = { id: deps.newId(), siteId, machineId: machine.id, kind, tokenHash: hashBootToken(token) ?? '' };
  await deps.sessions.open({ ...session, ...asker, lifetimeMs: tokenLifetimeMs });
  await deps.machines.update(machine.id, bootCounted, {
    actor: deps.actor,
  });
  return { kind, image, token };
}
