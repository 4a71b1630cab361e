import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BootSession, decideClaim, hashBootToken, refuseSession } from './boot-session.ts';

const open: BootSession = {
  id: 'session-1',
  siteId: 'site-1',
  machineId: 'machine-1',
  kind: 'discover',
  mac: '52:54:00:77:00:01',
  address: '10.77.0.100',
  state: 'open',
  publicKey: null,
  counter: 0,
  expiresAtMs: 10_000,
};
const claim = { address: '10.77.0.100', mac: '52:54:00:77:00:01', publicKey: 'key-1', lifetimeMs: 60_000 };
const claimed: BootSession = { ...open, state: 'claimed', publicKey: 'key-1', expiresAtMs: 70_000 };

it('is claimed once, by the machine that it was made for, in its time', () => {
  expect(decideClaim(open, claim, 9_999)).toEqual({
    kind: 'claimed',
    session: { ...claimed, expiresAtMs: 69_999 },
  });
  expect(decideClaim(open, { ...claim, mac: claim.mac.toUpperCase() }, 1)).toMatchObject({ kind: 'claimed' });
  expect(decideClaim(open, claim, 10_000)).toMatchObject({ kind: 'refused', why: 'expired' });
  expect(decideClaim(null, claim, 1)).toEqual({ kind: 'refused', why: 'unknown', session: null });
});

it('answers the same claim again: the first answer may have been lost', () => {
  expect(decideClaim(claimed, claim, 69_999)).toEqual({ kind: 'again', session: claimed });
  expect(decideClaim(claimed, claim, 70_000)).toMatchObject({ kind: 'refused', why: 'expired' });
});

it('is in conflict for good once another key claims it, at any time', () => {
  const other = { ...claim, publicKey: 'key-2' };
  for (const nowMs of [1, 100_000]) {
    const decided = decideClaim(claimed, other, nowMs);
    expect(decided).toMatchObject({ kind: 'claim-conflict', session: { state: 'conflict', machineId: 'machine-1' } });
    if (decided.kind !== 'claim-conflict') throw new Error('no conflict');
    expect(decideClaim(decided.session, claim, nowMs)).toMatchObject({ kind: 'claim-conflict' });
    expect(refuseSession(decided.session, claim.address, 1)).toBe('ended');
  }
});

it('is nothing to another machine, whatever its state, and makes no conflict of it', () => {
  for (const session of [open, claimed, { ...claimed, state: 'conflict' as const }]) {
    for (const thief of [
      { ...claim, address: '10.77.0.101' },
      { ...claim, mac: '52:54:00:77:00:02' },
      { ...claim, address: '10.77.0.101', publicKey: 'key-2' },
    ]) {
      expect(decideClaim(session, thief, 1)).toMatchObject({ kind: 'refused', why: 'other-machine' });
    }
  }
});

it('of an installed system is not claimed by a token, and not bound to an address', () => {
  const firstBoot: BootSession = { ...claimed, kind: 'first-boot', mac: null, address: null };
  expect(decideClaim(firstBoot, claim, 1)).toEqual({ kind: 'refused', why: 'unknown', session: null });
  expect(refuseSession(firstBoot, '192.0.2.1', 1)).toBeNull();
});

describe('a request of a session', () => {
  it.each([
    [null, 1, 'unknown'],
    [open, 1, 'unknown'],
    [claimed, 1, null],
    [claimed, 70_000, 'expired'],
    [{ ...claimed, state: 'ended' as const }, 1, 'ended'],
  ])('%#', (session, nowMs, refusal) => {
    expect(refuseSession(session, claim.address, nowMs)).toBe(refusal);
  });

  it('comes from its own address', () => {
    expect(refuseSession(claimed, '10.77.0.101', 1)).toBe('other-machine');
  });
});

it('has a token of 32 octets that is hashed, and nothing else is one', () => {
  const token = 'A'.repeat(43);
  expect(hashBootToken(token)).toMatch(/^[0-9a-f]{64}$/);
  for (const text of ['', `${token}A`, `${token}\n`, '../../etc/shadow', 'Ä'.repeat(43)]) {
    expect(hashBootToken(text)).toBeNull();
  }
});

it('property: whatever is claimed in whatever order, one key alone ever speaks, and after a conflict none', () => {
  const step = fc.record({
    publicKey: fc.constantFrom('key-1', 'key-2'),
    address: fc.constantFrom('10.77.0.100', '10.77.0.101'),
    mac: fc.constantFrom('52:54:00:77:00:01', '52:54:00:77:00:02'),
    afterMs: fc.integer({ min: 0, max: 5_000 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let session = open;
      let nowMs = 0;
      const accepted = new Set<string>();
      for (const { afterMs, ...given } of steps) {
        nowMs += afterMs;
        const before = session;
        const decided = decideClaim(session, { ...given, lifetimeMs: 20_000 }, nowMs);
        if (decided.kind === 'refused') continue;
        session = decided.session;
        expect(given.address + given.mac).toBe('10.77.0.100' + '52:54:00:77:00:01');
        if (decided.kind === 'claim-conflict') expect(accepted.size).toBe(1);
        else accepted.add(given.publicKey);
        expect(accepted.size).toBe(1);
        if (before.state === 'conflict') expect(session.state).toBe('conflict');
      }
    }),
  );
});
