import { FormworkError } from '@formwork/core';
import type {
  CallContext,
  NodeReference,
  NodeRequest,
  Observation,
  OpenOptions,
  Provider,
  ProviderModule,
  StepResult,
} from '../contract.ts';
import { failureOf, providerError } from '../provider-error.ts';
import { createCallGate } from './call-gate.ts';
import { checkSite } from './check.ts';
import { addressesFor, keyHashOf, openPark } from './client.ts';
import { type Clock, realClock } from './clock.ts';
import type { SimConfiguration, SimCredentials } from './configuration.ts';
import { simDescriptor } from './descriptor.ts';
import { simFailures } from './errors.ts';
import { createFaults } from './faults.ts';
import { gatherLedger, type SimLedgerEntry } from './ledger.ts';
import { type Machine, type NewMachine, providerIdOf } from './machine.ts';
import { absent, catalogueOf, consoleOf, observationOf, ownedResourceOf, sameTags } from './map.ts';
import { seededMs } from './random.ts';
import { resolveRequest } from './resolve.ts';
import { simulateStep } from './simulate.ts';

/** A simulated site with its ledger at hand; with `state: memory` there is no other way to read it. */
export interface SimProvider extends Provider {
  ledger(): readonly SimLedgerEntry[];
}

const done: StepResult<null> = { state: 'done', outputs: null };

/** Expected failures as results; everything else is a bug and travels on. */
async function asResult<T>(call: () => Promise<StepResult<T>>): Promise<StepResult<T>> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof FormworkError)) throw error;
    return { state: 'failed', failure: failureOf(error) };
  }
}

/** Opens a simulated site on the given clock: tests and benches drive a virtual one. No I/O. */
export function openSim(options: OpenOptions<SimConfiguration, SimCredentials>, clock: Clock): SimProvider {
  const { configuration } = options;
  const { seed } = configuration;
  const park = openPark(configuration.state, options.dataDirectory);
  const faults = createFaults(configuration);
  const gate = createCallGate({ configuration, clock, faults, park });

  /** Simulated milliseconds as those of the clock. */
  const clockMs = (simulatedMs: number): number => simulatedMs / clock.speed;
  const bootMs = (name: string, boots: number): number => {
    const factor = faults.ofMachine('slow-boot', name)?.factor ?? 1;
    return clockMs(seededMs(configuration.bootMs, seed, 'boot', name, boots) * factor);
  };
  const remove = (machine: Machine): null => {
    park.remove(machine, keyHashOf(machine.key));
    return null;
  };
  /** The machine after what time alone does to it: the end of its destruction, a disappearance. */
  const current = (machine: Machine | null): Machine | null => {
    if (machine === null || machine.hidden) return machine;
    const nowMs = clock.nowMs();
    if (machine.destroyAtMs !== null && nowMs >= machine.destroyAtMs) return remove(machine);
    const vanish = faults.ofMachine('vanish', machine.name);
    if (vanish !== null && nowMs >= machine.firstBootedAtMs + clockMs(vanish.afterMs)) return remove(machine);
    return machine;
  };
  const seen = (machine: Machine | null): Machine | null => (machine?.hidden === true ? null : current(machine));
  const find = (node: NodeReference): Machine | null => {
    const byKey = current(park.find(keyHashOf(node.key)));
    if (byKey !== null || node.providerId === null) return byKey;
    return current(park.find(node.providerId.replace(/^sim-/, '')));
  };
  const looks = (name: string) => ({
    lyingReady: faults.ofMachine('lying-ready', name) !== null,
    neverReady: faults.ofMachine('never-ready', name) !== null,
  });

  const create = (request: NodeRequest): Machine => {
    const { zone, ...resolved } = resolveRequest(configuration, request);
    gate.capacity(request, zone);
    if (park.count(configuration.maxNodes) >= configuration.maxNodes) {
      throw providerError(simFailures.quota(configuration.maxNodes));
    }
    const bootedAtMs = clock.nowMs() + bootMs(request.name, 1);
    const keyHash = keyHashOf(request.key);
    const machine: NewMachine = {
      key: request.key,
      providerId: providerIdOf(keyHash),
      tags: request.tags,
      name: request.name,
      ...resolved,
      zone,
      capabilities: [...request.capabilities],
      sshPublicKey: request.sshPublicKey,
      firstBootedAtMs: bootedAtMs,
      bootedAtMs,
      boots: 1,
      power: 'on',
      destroyAtMs: null,
      hidden: false,
    };
    const added = park.add(machine, keyHash, addressesFor(seed, request.name));
    if (added.made && faults.ofMachine('create-lost', request.name) !== null)
      throw providerError(simFailures.answerLost());
    return added.machine;
  };

  const ensureNode = (request: NodeRequest): StepResult<{ readonly providerId: string }> => {
    const machine = current(park.find(keyHashOf(request.key))) ?? create(request);
    if (!sameTags(machine.tags, request.tags)) throw providerError(simFailures.notOwned(machine.providerId));
    if (machine.hidden || machine.destroyAtMs !== null)
      throw providerError(simFailures.beingDestroyed(machine.providerId));
    const restMs = machine.bootedAtMs - clock.nowMs();
    if (restMs > 0 && machine.boots === 1 && !looks(machine.name).lyingReady) {
      return { state: 'pending', retryAfterMs: Math.ceil(restMs), progress: `${machine.name} is booting` };
    }
    return { state: 'done', outputs: { providerId: machine.providerId } };
  };

  const observeNode = (node: NodeReference): Observation => {
    const machine = seen(find(node));
    if (machine === null) return absent(`there is no machine of ${node.name}`);
    if (!sameTags(node.tags, machine.tags)) return absent(`${machine.providerId} belongs to another owner`);
    return observationOf(machine, seed, clock.nowMs(), looks(machine.name));
  };

  const destroyNode = (node: NodeReference): StepResult<null> => {
    const machine = find(node);
    if (machine === null) return done;
    if (!sameTags(node.tags, machine.tags)) throw providerError(simFailures.notOwned(machine.providerId));
    const failing = faults.ofMachine('failing-destroy', machine.name);
    if (failing !== null && machine.destroyAtMs === null && park.bump(`destroy ${machine.key}`) <= failing.times) {
      throw providerError(simFailures.destroyFailed(machine.providerId));
    }
    if (!machine.hidden && faults.ofMachine('lying-destroy', machine.name) !== null) {
      park.replace({ ...machine, hidden: true }, keyHashOf(machine.key));
      return done;
    }
    const nowMs = clock.nowMs();
    const lastsMs = clockMs(seededMs(configuration.destroyMs, seed, 'destroy', machine.name));
    const endMs = machine.destroyAtMs ?? nowMs + lastsMs;
    if (machine.hidden || endMs <= nowMs) {
      remove(machine);
      return done;
    }
    if (machine.destroyAtMs === null) park.replace({ ...machine, destroyAtMs: endMs }, keyHashOf(machine.key));
    return { state: 'pending', retryAfterMs: Math.ceil(endMs - nowMs), progress: `${machine.name} is being destroyed` };
  };

  const setPower = (node: NodeReference, state: 'on' | 'off' | 'cycle'): StepResult<null> => {
    const machine = seen(find(node));
    if (machine === null) throw providerError(simFailures.absent(node.name));
    if (!sameTags(node.tags, machine.tags)) throw providerError(simFailures.notOwned(machine.providerId));
    if (state === machine.power) return done;
    const boots = machine.boots + 1;
    const booting = { power: 'on', boots, bootedAtMs: clock.nowMs() + bootMs(machine.name, boots) } as const;
    park.replace({ ...machine, ...(state === 'off' ? { power: 'off' } : booting) }, keyHashOf(machine.key));
    return done;
  };

  const listOwned = (deploymentId: string | null) => {
    const listed = park.all().flatMap((machine) => {
      if (deploymentId !== null && machine.tags.deploymentId !== deploymentId) return [];
      return current(machine) ?? [];
    });
    for (const machine of listed) if (machine.hidden) remove(machine);
    return listed.map(ownedResourceOf);
  };

  return {
    check: async (context) => {
      try {
        await gate.pass('check', null, context);
      } catch (error) {
        const failure = failureOf(error);
        if (failure.kind !== 'auth') throw error;
        const remedy = 'Give the site credentials that it accepts, or take the fault auth out of it.';
        return { ok: false, problems: [{ path: '$', message: failure.message, remedy }], notes: [] };
      }
      return checkSite(options, clock);
    },
    catalogue: async (context) => {
      await gate.pass('catalogue', null, context);
      return catalogueOf(configuration, park.count(0), clock.nowMs());
    },
    ensureNode: (request, context) =>
      asResult(async () => {
        await gate.pass('ensure', request.name, context);
        return ensureNode(request);
      }),
    observeNode: async (node, context) => {
      await gate.pass('observe', node.name, context);
      return observeNode(node);
    },
    destroyNode: (node, context) =>
      asResult(async () => {
        await gate.pass('destroy', node.name, context);
        return destroyNode(node);
      }),
    listOwned: async ({ deploymentId }, context) => {
      await gate.pass('list', null, context);
      return listOwned(deploymentId);
    },
    simulate: (step, signal) =>
      simulateStep(
        { configuration, clock, faults, park, machineOf: (nodeId) => seen(park.findByNodeId(nodeId)) },
        step,
        signal,
      ),
    power: {
      set: (node, state, context: CallContext) =>
        asResult(async () => {
          await gate.pass('power', node.name, context);
          return setPower(node, state);
        }),
    },
    console: {
      tail: async (node, maxBytes, context) => {
        await gate.pass('observe', node.name, context);
        const machine = seen(find(node));
        if (machine === null || !sameTags(node.tags, machine.tags)) throw providerError(simFailures.absent(node.name));
        return Buffer.from(consoleOf(machine)).subarray(-maxBytes).toString();
      },
    },
    ledger: () => gatherLedger(park.ledgerLines()),
    close: () => {
      park.close();
      return Promise.resolve();
    },
  };
}

/** The registered module: lives in real time. */
export const simProvider: ProviderModule<SimConfiguration, SimCredentials> = {
  descriptor: simDescriptor,
  open: (options) => {
    const { clock } = options.configuration;
    return openSim(options, realClock(clock.kind === 'real' ? clock.speed : 1));
  },
};
