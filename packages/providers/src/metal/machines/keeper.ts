/**
 * Moves machines on that nobody's deployment moves: a handler for each state of the table whose handler is the keeper. Each
 * looks, does one small thing and comes again; any worker may make the next pass.
 *
 *   registering  the BMC answers                     -> registered
 *   inspecting   its agent runs and reports          (the report moves it on)
 *   ready        is switched off where the site says so
 *   releasing    the power is off                    -> released
 *   cleaning     the wipe is done                    -> cleaned       failed -> broken(wipe-failed)
 *   testing      the burn-in is done                 -> tested        failed -> broken(burn-in-failed)
 *   rescue       runs the rescue image
 */
import { atDeadline, type Machine, type MachineState, type MachineTask, type NewMachineTask } from '@formwork/core';
import type { CallContext } from '../../contract.ts';
import { metalFailureOf } from '../errors.ts';
import { bringUp, notePower } from './bring-up.ts';
import { change, deadlinesOf, type MetalSite, moveOn } from './metal-site.ts';

type Handler = (site: MetalSite, machine: Machine, context: CallContext) => Promise<void>;

/** No two keepers have one machine at once, as long as what they do at its BMC lasts. */
const leaseMs = 180_000;
/** Of what is asked of a BMC in one go. */
const timeoutMs = 150_000;
/** Until the next look at a machine that is being moved on. */
const againMs = 2_000;
/** Until somebody looks at one that rests; its deadline comes before that. */
const restMs = 400 * 24 * 3_600_000;
const atOnce = 64;

const handlers: Readonly<Partial<Record<MachineState, Handler>>> = {
  async registering(site, machine, context) {
    const bmc = site.bmcs.of(machine);
    if (bmc !== null) await notePower(site, machine, await bmc.power(context));
    await moveOn(site, machine, { kind: 'registered' });
  },
  async inspecting(site, machine, context) {
    const { there } = await bringUp(site, machine, 'network', context);
    if (there) await site.store.enqueueTask(machine, taskOf(machine, 'inspect', {}), site.actor);
  },
  async ready(site, machine, context) {
    const bmc = site.configuration.idle === 'off' ? site.bmcs.of(machine) : null;
    if (bmc === null || machine.power.observed === 'off') return;
    await bmc.setPower('off', context);
    await notePower(site, machine, 'off');
  },
  // A machine without a BMC is wiped as soon as somebody restarts it: no boot leads to its disk any more.
  async releasing(site, machine, context) {
    const bmc = site.bmcs.of(machine);
    if (bmc !== null) {
      await bmc.setPower('off', context);
      await notePower(site, machine, 'off');
    }
    await moveOn(site, machine, { kind: 'released' });
  },
  async cleaning(site, machine, context) {
    const wipe = taskOf(machine, 'wipe', { mode: site.configuration.wipe, disks: 'all' });
    const task = await site.store.enqueueTask(machine, wipe, site.actor);
    if (task?.state === 'done') await moveOn(site, machine, { kind: 'cleaned' });
    else if (task?.state === 'failed') await fail(site, machine, 'wipe-failed', task);
    else await bringUp(site, machine, 'network', context);
  },
  async testing(site, machine, context) {
    const burnIn = taskOf(machine, 'burn-in', { ...site.configuration.burnIn });
    const task = await site.store.enqueueTask(machine, burnIn, site.actor);
    if (task?.state === 'done') await moveOn(site, machine, { kind: 'tested' });
    else if (task?.state === 'failed') await fail(site, machine, 'burn-in-failed', task);
    else await bringUp(site, machine, 'network', context);
  },
  async rescue(site, machine, context) {
    await bringUp(site, machine, 'network', context);
  },
};

export interface Keeper {
  /** Takes the machines whose turn it is, as many as there is room for, and answers how many. Does not wait for them. */
  pass(): Promise<number>;
  /** Lets go of all of them; their leases run out. */
  close(): Promise<void>;
}

/** Looks after many machines at once: one whose BMC is slow, or gone, keeps none of the others waiting. */
export function createKeeper(site: MetalSite): Keeper {
  const stop = new AbortController();
  const kept = new Set<Promise<void>>();
  return {
    async pass() {
      const due = kept.size < atOnce ? await site.store.takeDue(site.siteId, leaseMs, atOnce - kept.size) : [];
      for (const machine of due) {
        const work = keepOne(site, machine, { signal: stop.signal, timeoutMs })
          .catch((error: unknown) => {
            if (!stop.signal.aborted)
              site.log('a machine was not kept', { machine: machine.name, error: String(error) });
          })
          .finally(() => kept.delete(work));
        kept.add(work);
      }
      return due.length;
    },
    async close() {
      stop.abort();
      await Promise.all(kept);
    },
  };
}

async function keepOne(site: MetalSite, seen: Machine, context: CallContext): Promise<void> {
  const machine = await change(site, seen, (now, nowMs) => atDeadline(now, nowMs, deadlinesOf(site))?.machine ?? null);
  const moved = machine.state !== seen.state;
  const handler = moved ? undefined : handlers[machine.state];
  if (handler !== undefined) await tryHandler(site, machine, handler, context);
  const rests = machine.state === 'ready' || handler === undefined;
  if (!moved) await site.store.lookAgain(machine.id, rests ? restMs : againMs);
}

/** What may pass is tried again until the deadline; what a person has to change breaks the machine at once. */
async function tryHandler(site: MetalSite, machine: Machine, handler: Handler, context: CallContext): Promise<void> {
  try {
    await handler(site, machine, context);
  } catch (error) {
    if (context.signal.aborted) return;
    const { kind, code, message } = metalFailureOf(error);
    const final = kind === 'auth' || kind === 'invalid';
    site.log('a machine could not be moved on', { machine: machine.name, state: machine.state, code });
    if (final && machine.state !== 'ready') {
      await moveOn(site, machine, { kind: 'fail', reason: { code, message } });
      return;
    }
    await change(site, machine, (now) => ({ ...now, reason: { code, message } }));
  }
}

const fail = async (site: MetalSite, machine: Machine, code: string, { result }: MachineTask): Promise<void> => {
  const message = result?.message.trim() ?? '';
  await moveOn(site, machine, { kind: 'fail', reason: { code, message: message === '' ? code : message } });
};

export const taskOf = (
  machine: Machine,
  kind: NewMachineTask['kind'],
  body: NewMachineTask['body'],
  purpose: string = machine.state,
): NewMachineTask => ({ kind, body, purpose, notAfterMs: machine.deadlineMs });
