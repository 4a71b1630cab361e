import {
  addedMachine,
  applyMachineEvent,
  FormworkError,
  isJsonObject,
  type Machine,
  type MachineEvent,
  type MachineStore,
} from '@formwork/core';
import { type MachineRecord, openMachineStore, readMachineLog, type SiteRecord } from '@formwork/db';
import { bmcSettingsProblems, providerNamed } from '@formwork/providers';
import { type Caller, reachableIds } from '../auth/caller.ts';
import type { ServerDeps } from '../deps.ts';
import { audit } from '../http/audit.ts';
import { pageBody, pageRequest } from '../http/cursor.ts';
import type { Handlers } from '../http/handler.ts';
import { notFound } from '../http/problems.ts';
import { requireAnswer } from '../sites/ask-site.ts';
import { toMachineItem, toMachineResponse } from './machine-response.ts';

type Operations =
  | 'listMachines'
  | 'addMachine'
  | 'getMachine'
  | 'patchMachine'
  | 'removeMachine'
  | 'actOnMachine'
  | 'endMachine'
  | 'setMachinePower'
  | 'listMachineTasks'
  | 'readMachineLog';

/** A soft shutdown waits for an operating system. */
const powerTimeoutMs = 130_000;

export function machineHandlers(deps: ServerDeps): Pick<Handlers, Operations> {
  const { db, inventory } = deps;
  const siteOf = async (idOrName: string): Promise<SiteRecord> => {
    const site = await inventory.sites.find(idOrName);
    if (site === null) throw notFound(`site ${idOrName}`);
    if (providerNamed(site.provider).descriptor.name === 'metal') return site;
    throw new FormworkError(
      'invalid',
      'not-metal',
      `site ${site.name} is of provider ${site.provider}; only metal sites have machines`,
    );
  };
  const find = async (params: { readonly site: string; readonly machine: string }): Promise<MachineRecord> => {
    const machine = await inventory.machines.find((await siteOf(params.site)).id, params.machine);
    if (machine === null) throw notFound(`machine ${params.machine} at site ${params.site}`);
    return machine;
  };
  /** A store whose every change is audited in its transaction. */
  const auditing = (caller: Caller, action: string, before: Machine | null): MachineStore =>
    openMachineStore(db, {
      alongside: (tx, after) => audit(tx, caller, action, `machine:${after.name}`, told(before), told(after)),
    });
  const answer = async (machine: Pick<Machine, 'id' | 'siteId'>) => {
    const found = await inventory.machines.find(machine.siteId, machine.id);
    if (found === null) throw notFound('the machine');
    return { body: toMachineResponse(found), version: found.version };
  };
  const move = async (
    machine: MachineRecord,
    event: MachineEvent,
    { caller, ifMatch }: { readonly caller: Caller; readonly ifMatch: number | null },
  ) => {
    await auditing(caller, `machine.${event.kind}`, machine).update(
      machine.id,
      (now, nowMs) => applyMachineEvent(now, event, nowMs),
      { actor: caller.actor, ...(ifMatch === null ? {} : { expectedVersion: ifMatch }) },
    );
    return await answer(machine);
  };
  return {
    listMachines: async ({ query, caller }) => {
      const { site, name, state, label } = query;
      const page = await inventory.machines.list({
        ...pageRequest(query),
        siteIds: await reachableIds(caller, 'site', () => inventory.sites.names()),
        ...(site === undefined ? {} : { site }),
        ...(name === undefined ? {} : { name }),
        ...(state === undefined ? {} : { states: state }),
        ...(label === undefined ? {} : { label }),
      });
      return { body: pageBody(page, toMachineItem) };
    },
    addMachine: async ({ params, body, caller }) => {
      const site = await siteOf(params.site);
      requireBmc(body.bmc);
      const { name, macs, labels, bmc } = body;
      const wanted = addedMachine({ siteId: site.id, name, macs, labels, bmc });
      return await answer(await auditing(caller, 'machine.add', null).create(wanted, caller.actor));
    },
    getMachine: async ({ params }) => {
      const machine = await find(params);
      return { body: toMachineResponse(machine), version: machine.version };
    },
    patchMachine: async ({ params, body, caller, ifMatch }) => {
      const before = await find(params);
      requireBmc(body.bmc ?? null);
      const labels = new Map(Object.entries(before.labels));
      for (const [name, value] of Object.entries(body.labels ?? {})) {
        if (value === null) labels.delete(name);
        else labels.set(name, value);
      }
      await auditing(caller, 'machine.change', before).update(
        before.id,
        (now) => ({
          ...now,
          name: body.name ?? now.name,
          labels: Object.fromEntries(labels),
          bmc: body.bmc === undefined ? now.bmc : body.bmc,
        }),
        { actor: caller.actor, expectedVersion: ifMatch ?? before.version },
      );
      return await answer(before);
    },
    removeMachine: async ({ params, caller, ifMatch }) => {
      const machine = await find(params);
      await auditing(caller, 'machine.remove', machine).remove(machine.id, {
        actor: caller.actor,
        ...(ifMatch === null ? {} : { expectedVersion: ifMatch }),
      });
      return { body: undefined };
    },
    actOnMachine: async ({ params, body, caller, ifMatch }) => {
      const machine = await find(params);
      const { action, reason } = body;
      const event = { kind: action, ...(reason === undefined ? {} : { reason: { code: action, message: reason } }) };
      return await move(machine, event, { caller, ifMatch });
    },
    endMachine: async ({ params, body, caller, ifMatch }) => {
      const machine = await find(params);
      const { action, reason } = body;
      const given = reason === undefined ? {} : { reason: { code: 'by-hand', message: reason } };
      const event: MachineEvent =
        action === 'fail'
          ? { kind: 'fail', reason: { code: 'by-hand', message: reason ?? '' } }
          : { kind: action, ...given };
      return await move(machine, event, { caller, ifMatch });
    },
    setMachinePower: async ({ params, body, caller, signal }) => {
      const machine = await find(params);
      const { action } = body;
      await db.transaction((tx) => audit(tx, caller, 'machine.power', `machine:${machine.name}`, null, { action }));
      const site = { id: machine.siteId, name: machine.site };
      const question = {
        site,
        kind: 'machine-power' as const,
        params: { machineId: machine.id, action },
        actor: caller.actor,
      };
      const { state, failure } = await requireAnswer(deps, question, powerTimeoutMs, signal);
      if (state === 'failed') {
        const why = isJsonObject(failure) && typeof failure['message'] === 'string' ? failure['message'] : 'no reason';
        throw new FormworkError('conflict', 'power-failed', `machine ${machine.name} could not be switched: ${why}`);
      }
      return { body: { machine: machine.name, action, done: state === 'done', message: '' } };
    },
    listMachineTasks: async ({ params }) => {
      const machine = await find(params);
      const tasks = await openMachineStore(db).tasks(machine.id);
      const items = tasks.map(({ id, kind, purpose, state, progress, result, createdAtMs }) => ({
        id,
        kind,
        purpose,
        state,
        percent: progress?.percent ?? null,
        message: result?.message ?? progress?.message ?? '',
        createdAt: new Date(createdAtMs).toISOString(),
      }));
      return { body: { items } };
    },
    readMachineLog: async ({ params }) => {
      const pieces = await readMachineLog(db, (await find(params)).id);
      return { body: { items: pieces.map(({ atMs, text }) => ({ at: new Date(atMs).toISOString(), text })) } };
    },
  };
}

/** What an audit entry tells of a machine; facts are long and change nothing. */
const told = (machine: Machine | null) =>
  machine === null
    ? null
    : {
        name: machine.name,
        state: machine.state,
        reason: machine.reason,
        labels: machine.labels,
        bmc: machine.bmc,
        node: machine.allocation?.nodeName ?? null,
      };

function requireBmc(bmc: object | null): void {
  const problems = bmc === null ? [] : bmcSettingsProblems(bmc);
  if (problems.length === 0) return;
  const text = problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
  throw new FormworkError('invalid', 'bmc-settings', `the BMC settings are wrong. ${text}`, { details: { problems } });
}
