import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideBoot, mostBoots } from './boot-decision.ts';
import { machineEventKinds, machineLifecycle, machineStates } from './lifecycle.ts';
import { applyMachineEvent, atDeadline, isInstalled, type MachineEvent } from './machine-event.ts';
import type { Machine } from './machine.ts';
import { exampleAllocation, exampleMachine } from './testing/example-machine.ts';

function eventOf(kind: (typeof machineEventKinds)[number]): MachineEvent {
  switch (kind) {
    case 'allocate':
      return { kind, allocation: exampleAllocation };
    case 'deploy':
    case 'reinstall':
      return { kind, tokenHash: 'a'.repeat(64) };
    case 'installed':
      return { kind, hostKeys: ['ssh-ed25519 AAAA'], address: '10.0.0.1' };
    case 'fail':
      return { kind, reason: { code: 'wipe-failed', message: 'the disk did not answer' } };
    default:
      return { kind };
  }
}

function after(machine: Machine, ...kinds: readonly (typeof machineEventKinds)[number][]): Machine {
  return kinds.reduce((now, kind) => {
    const changed = applyMachineEvent(now, eventOf(kind), 1_000);
    if (!changed.ok) throw new Error(changed.message);
    return changed.machine;
  }, machine);
}

const inUse = () => after(exampleMachine(), 'registered', 'inspected', 'allocate', 'deploy', 'installed');

describe('the lifecycle', () => {
  it('has a deadline, a reason and a handler for every state, and a way to every state', () => {
    const reachable = new Set<string>(['discovered', 'registering']);
    for (let grown = true; grown; ) {
      const before = reachable.size;
      for (const state of machineStates) {
        if (!reachable.has(state)) continue;
        for (const next of Object.values(machineLifecycle[state].next)) {
          for (const target of next === 'back' ? ['active', 'inspecting', 'discovered'] : [next]) reachable.add(target);
        }
      }
      grown = reachable.size > before;
    }
    expect([...reachable].sort()).toEqual([...machineStates].sort());
    for (const state of machineStates) {
      const { deadline, reason, next } = machineLifecycle[state];
      expect(deadline.minutes).toBeGreaterThan(0);
      expect(deadline.reason).toMatch(/\w/);
      expect(reason).toMatch(/\w/);
      expect(Object.keys(next)).not.toHaveLength(0);
      // What a keeper or a provider has in hand can break; only a person's states may wait for ever.
      if (machineLifecycle[state].handler !== 'person') expect(next.fail).toBe('broken');
    }
  });

  it('leads from unknown to in use, and through a wipe back into the pool', () => {
    const machine = inUse();
    expect(machine).toMatchObject({
      state: 'active',
      dirty: true,
      install: { phase: 'installed', number: 1, tokenHash: null },
    });
    expect(isInstalled(machine)).toBe(true);
    const released = after(machine, 'release', 'released');
    expect(released).toMatchObject({ state: 'cleaning', allocation: null, install: null, dirty: true });
    expect(after(released, 'cleaned')).toMatchObject({ state: 'ready', dirty: false });
  });

  it('refuses what the table does not have, and says what is possible', () => {
    const changed = applyMachineEvent(exampleMachine(), { kind: 'allocate', allocation: exampleAllocation }, 0);
    expect(changed).toMatchObject({ ok: false, code: 'wrong-state' });
    expect(changed.ok ? '' : changed.message).toMatch(/registering.*registered, maintain, fail, retire/);
  });

  it('breaks only with a reason', () => {
    const silent = { kind: 'fail', reason: { code: 'x', message: ' ' } } as const;
    expect(applyMachineEvent(exampleMachine(), silent, 0)).toMatchObject({ ok: false, code: 'reason-missing' });
  });

  it('brings a repaired or returning machine back to its disk where a node runs from it', () => {
    expect(after(inUse(), 'fail', 'repair').state).toBe('active');
    expect(after(inUse(), 'maintain', 'resume').state).toBe('active');
    expect(after(exampleMachine(), 'fail', 'repair').state).toBe('inspecting');
    const never = exampleMachine({ state: 'discovered', approved: false });
    expect(after(never, 'fail', 'repair').state).toBe('discovered');
    const halfway = after(exampleMachine(), 'registered', 'inspected', 'allocate', 'deploy', 'fail');
    expect(applyMachineEvent(halfway, { kind: 'repair' }, 0)).toMatchObject({ ok: false, code: 'allocated' });
    expect(after(halfway, 'release', 'released').state).toBe('cleaning');
  });

  it('ends what takes too long as broken with the last reason, and reminds of what waits for a person', () => {
    const machine = exampleMachine();
    expect(atDeadline(machine, machine.deadlineMs - 1)).toBeNull();
    const late = atDeadline(machine, machine.deadlineMs);
    expect(late).toMatchObject({
      then: 'broken',
      machine: { state: 'broken', reason: { code: 'registering-timeout' } },
    });
    expect(late?.machine.reason.message).toContain('last: added');
    const waiting = exampleMachine({ state: 'discovered', deadlineMs: 5 });
    const reminded = atDeadline(waiting, 6);
    expect(reminded).toMatchObject({ then: 'remind', machine: { state: 'discovered', reason: { code: 'overdue' } } });
    expect(reminded?.machine.deadlineMs).toBeGreaterThan(6);
    expect(atDeadline(exampleMachine({ deadlineMs: 5 }), 4, { registering: 1 })).toBeNull();
  });

  it('keeps its invariants through any history', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...machineEventKinds), { maxLength: 40 }), (kinds) => {
        let machine = exampleMachine({ state: 'discovered', approved: false });
        let cleanSinceUse = true;
        for (const [at, kind] of kinds.entries()) {
          const changed = applyMachineEvent(machine, eventOf(kind), at);
          if (!changed.ok) continue;
          machine = changed.machine;
          if (kind === 'deploy' || kind === 'reinstall') cleanSinceUse = false;
          if (kind === 'cleaned') cleanSinceUse = true;
          expect(machine.reason.message).not.toBe('');
          expect(machine.deadlineMs).toBeGreaterThan(at);
          // Nobody's data reaches the pool, nobody gets what was not approved, and nobody's node is given away.
          if (machine.state === 'ready' || machine.state === 'allocated') {
            expect(cleanSinceUse && !machine.dirty && machine.approved).toBe(true);
          }
          if (['ready', 'cleaning', 'retired', 'testing'].includes(machine.state))
            expect(machine.allocation).toBeNull();
          if (machine.state === 'active') expect(isInstalled(machine)).toBe(true);
          // No boot ever installs over an installed system, whatever happened before.
          const boot = decideBoot(machine);
          if (isInstalled(machine)) expect(['local', 'rescue', 'wait']).toContain(boot.kind);
          if (boot.kind === 'install') expect(machine.allocation).not.toBeNull();
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the decision of a boot', () => {
  it('is the disk from the moment that the image is written', () => {
    const deploying = after(exampleMachine(), 'registered', 'inspected', 'allocate', 'deploy');
    expect(decideBoot(deploying).kind).toBe('install');
    const { install } = deploying;
    if (install === null) throw new Error('nothing is installed');
    expect(decideBoot({ ...deploying, install: { ...install, phase: 'written' } })).toEqual({ kind: 'local' });
    expect(decideBoot(inUse())).toEqual({ kind: 'local' });
  });

  it('gives up on a machine that boots again and again, and not on one in the pool', () => {
    const looping = exampleMachine({ power: { ...exampleMachine().power, boots: mostBoots } });
    expect(decideBoot(looping)).toMatchObject({ kind: 'give-up', code: 'boot-loop' });
    expect(decideBoot({ ...looping, state: 'ready' }).kind).toBe('discover');
  });

  it('says what to do where a person has to do it', () => {
    const reported = exampleMachine({ state: 'discovered' });
    expect(decideBoot(reported).kind).toBe('discover');
    const broken = after(exampleMachine(), 'fail');
    expect(decideBoot(broken)).toMatchObject({ kind: 'wait', reason: 'broken: the disk did not answer' });
    expect(decideBoot(null).kind).toBe('discover');
  });
});
