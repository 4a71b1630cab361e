import type { SimulatedOutcome, SimulatedStep } from '../contract.ts';
import type { Park } from './park.ts';
import type { Clock } from './clock.ts';
import type { SimConfiguration } from './configuration.ts';
import type { StepFault } from './fault-schema.ts';
import { within, type Faults, type Placed } from './faults.ts';
import type { Machine } from './machine.ts';
import { seededMs } from './random.ts';

interface Deps {
  readonly configuration: SimConfiguration;
  readonly clock: Clock;
  readonly faults: Faults;
  readonly park: Park;
  /** The node's machine as it is now; null when it was destroyed. */
  readonly machineOf: (nodeId: string) => Machine | null;
}

const done: SimulatedOutcome = { kind: 'done' };
const unreachable = (message: string): SimulatedOutcome => ({ kind: 'unreachable', message });

/** Why nothing can be run on the machine now; null when something can. */
function outOfReach(deps: Deps, machine: Machine | null, hits: readonly Placed<StepFault>[]): SimulatedOutcome | null {
  const nowMs = deps.clock.nowMs();
  if (machine === null) return unreachable('No machine of this node is there any more.');
  if (machine.power === 'off') return unreachable(`${machine.name} is powered off.`);
  if (machine.destroyAtMs !== null) return unreachable(`${machine.name} is being destroyed.`);
  if (nowMs < machine.bootedAtMs) return unreachable(`${machine.name} refuses the connection: it is still booting.`);
  if (deps.faults.ofMachine('never-ready', machine.name) !== null) {
    return unreachable(`${machine.name} refuses the connection.`);
  }
  const upForMs = (nowMs - machine.firstBootedAtMs) * deps.clock.speed;
  for (const { fault } of hits) {
    if (fault.kind !== 'unreachable') continue;
    const untilMs = fault.forMs === null ? null : fault.afterMs + fault.forMs;
    if (within({ from: fault.afterMs, to: untilMs }, upForMs)) return unreachable(`${machine.name} does not answer.`);
  }
  return null;
}

/** What the step comes to once its time is over: the first fault of the configuration that has something to say. */
function outcomeOf(deps: Deps, step: SimulatedStep, hits: readonly Placed<StepFault>[]): SimulatedOutcome {
  for (const { fault, index } of hits) {
    const counted = (): number =>
      deps.park.bump(JSON.stringify(['step', index, step.nodeId, step.role, step.attempt, step.startedAtMs]));
    switch (fault.kind) {
      case 'failing':
        return { kind: 'failed', message: fault.message };
      case 'transient':
        return { kind: 'transient', message: 'The simulated step asks to be tried again.' };
      case 'lost':
        return { kind: 'lost', message: 'The simulated process is gone and left no result.' };
      case 'not-yet':
        if (counted() > fault.times) break;
        return {
          kind: 'not-yet',
          retryAfterMs: fault.retryAfterMs / deps.clock.speed,
          message: 'What the simulated step waits for is not there yet.',
        };
      case 'reboot':
        if (counted() > fault.times) break;
        return { kind: 'reboot' };
      case 'slow':
      case 'unreachable':
        break;
    }
  }
  return done;
}

/**
 * Runs a simulated step: the rest of its seeded duration, then its seeded outcome. Rejects with the signal's reason when
 * that fires: the simulated process goes on, and whoever calls again with the same `startedAtMs` waits for the rest.
 */
export async function simulateStep(deps: Deps, step: SimulatedStep, signal: AbortSignal): Promise<SimulatedOutcome> {
  signal.throwIfAborted();
  const { configuration, clock, faults, park } = deps;
  const name = deps.machineOf(step.nodeId)?.name ?? step.nodeId;
  const hits = faults.ofStep(step, name);
  const duration = configuration.steps.roles[step.role] ?? configuration.steps.defaultMs;
  const factor = hits.reduce((product, { fault }) => (fault.kind === 'slow' ? product * fault.factor : product), 1);
  const lastsMs = seededMs(duration, configuration.seed, name, step.role, step.action, step.attempt) * factor;
  const untilMs = step.startedAtMs + lastsMs / clock.speed;
  const record = (event: 'call' | 'end', outcome: string | null): void => {
    const { nodeId, role, action, attempt, startedAtMs } = step;
    const atMs = clock.nowMs();
    park.record({ event, atMs, processId: process.pid, nodeId, role, action, attempt, startedAtMs, untilMs, outcome });
  };
  const finish = (outcome: SimulatedOutcome): SimulatedOutcome => {
    record('end', outcome.kind);
    return outcome;
  };

  record('call', null);
  const before = outOfReach(deps, deps.machineOf(step.nodeId), hits);
  if (before !== null) return finish(before);
  const restMs = untilMs - clock.nowMs();
  if (restMs > 0) await clock.wait(restMs, signal);
  return finish(outOfReach(deps, deps.machineOf(step.nodeId), hits) ?? outcomeOf(deps, step, hits));
}
