import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { checkBootToken, claimBootSession, mintBootToken, saidByAgent } from './boot-session.ts';
import { createMemorySessions } from './boot-session-memory.ts';

const machine = { nodeId: 'node-1', mac: '52:54:00:77:00:01', address: '10.77.0.100' };
const bearer = { address: machine.address, mac: machine.mac };
const other = { nodeId: 'node-2', mac: '52:54:00:77:00:02', address: '10.77.0.101' };
const at = () => ({ expiresAtMs: 10_000, random: randomBytes(32) });
const key = () => generateKeyPairSync('ed25519');
const pemOf = (pair: ReturnType<typeof key>) => pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();

it('serves its machine as often as the ROM asks, until its time is over', async () => {
  const store = createMemorySessions();
  const token = await mintBootToken(store, machine, at());
  for (const nowMs of [0, 1, 9_999]) {
    expect(await checkBootToken(store, token, bearer, nowMs)).toMatchObject({
      ok: true,
      session: { nodeId: 'node-1' },
    });
  }
  expect(await checkBootToken(store, token, { ...bearer, mac: null }, 5)).toMatchObject({ ok: true });
  expect(await checkBootToken(store, token, bearer, 10_000)).toEqual({ ok: false, why: 'expired' });
});

it('is nothing to another machine, by address or by MAC, with or without a token of its own', async () => {
  const store = createMemorySessions();
  const token = await mintBootToken(store, machine, at());
  await mintBootToken(store, other, at());
  const refusal = { ok: false, why: 'other-machine' };
  expect(await checkBootToken(store, token, { address: other.address, mac: other.mac }, 1)).toEqual(refusal);
  expect(await checkBootToken(store, token, { address: other.address, mac: machine.mac }, 1)).toEqual(refusal);
  expect(await checkBootToken(store, token, { address: machine.address, mac: other.mac }, 1)).toEqual(refusal);
  const claim = { address: other.address, mac: other.mac, publicKey: pemOf(key()) };
  expect(await claimBootSession(store, token, claim, 1)).toEqual({ kind: 'refused', why: 'other-machine' });
});

it('is unknown when it is made up, and is not what the store keeps', async () => {
  const store = createMemorySessions();
  const token = await mintBootToken(store, machine, at());
  const madeUp = ['', '../../etc/shadow', `${token}x`, token.toLowerCase(), '\0'.repeat(43), 'A'.repeat(100_000)];
  for (const text of madeUp)
    expect(await checkBootToken(store, text, bearer, 1)).toEqual({ ok: false, why: 'unknown' });
  expect(await store.find(token)).toBeNull();
});

it('is replaced by the next boot’s', async () => {
  const store = createMemorySessions();
  const first = await mintBootToken(store, machine, at());
  const second = await mintBootToken(store, machine, at());
  expect(await checkBootToken(store, first, bearer, 1)).toEqual({ ok: false, why: 'unknown' });
  expect(await checkBootToken(store, second, bearer, 1)).toMatchObject({ ok: true });
});

it('is claimed once; a second claim is a conflict, which ends the first one too', async () => {
  const store = createMemorySessions();
  const token = await mintBootToken(store, machine, at());
  const agent = key();
  const claim = await claimBootSession(store, token, { ...bearer, publicKey: pemOf(agent) }, 1);
  expect(claim).toMatchObject({ kind: 'claimed', session: { state: 'claimed' } });
  expect(await checkBootToken(store, token, bearer, 1)).toEqual({ ok: false, why: 'claimed' });
  const again = await claimBootSession(store, token, { ...bearer, publicKey: pemOf(key()) }, 2);
  expect(again).toEqual({ kind: 'claim-conflict', nodeId: 'node-1' });
  const third = await claimBootSession(store, token, { ...bearer, publicKey: pemOf(agent) }, 3);
  expect(third).toEqual({ kind: 'claim-conflict', nodeId: 'node-1' });
  expect(await checkBootToken(store, token, bearer, 3)).toEqual({ ok: false, why: 'claimed' });
});

it('of two claims at the same moment one holds, and the node is in conflict', async () => {
  const store = createMemorySessions();
  const token = await mintBootToken(store, machine, at());
  const claims = await Promise.all(
    [key(), key(), key()].map((pair) => claimBootSession(store, token, { ...bearer, publicKey: pemOf(pair) }, 1)),
  );
  expect(claims.map(({ kind }) => kind).sort()).toEqual(['claim-conflict', 'claim-conflict', 'claimed']);
});

it('is not claimed when expired, or with something else than an ed25519 public key', async () => {
  const store = createMemorySessions();
  const token = await mintBootToken(store, machine, at());
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ type: 'spki', format: 'pem' });
  for (const publicKey of ['', 'key', rsa.toString(), 'x'.repeat(10_000)]) {
    expect(await claimBootSession(store, token, { ...bearer, publicKey }, 1)).toEqual({
      kind: 'refused',
      why: 'bad-key',
    });
  }
  const claim = { ...bearer, publicKey: pemOf(key()) };
  expect(await claimBootSession(store, token, claim, 20_000)).toEqual({ kind: 'refused', why: 'expired' });
  expect(await checkBootToken(store, token, bearer, 1)).toMatchObject({ ok: true });
});

it('lets only its agent speak after the claim', async () => {
  const store = createMemorySessions();
  const token = await mintBootToken(store, machine, at());
  const agent = key();
  const claim = await claimBootSession(store, token, { ...bearer, publicKey: pemOf(agent) }, 1);
  if (claim.kind !== 'claimed') throw new Error('not claimed');
  const message = Buffer.from('give me steps');
  const signature = sign(null, message, agent.privateKey);
  expect(saidByAgent(claim.session, message, signature, 2)).toBe(true);
  expect(saidByAgent(claim.session, message, sign(null, message, key().privateKey), 2)).toBe(false);
  expect(saidByAgent(claim.session, Buffer.from('other words'), signature, 2)).toBe(false);
  expect(saidByAgent(claim.session, message, signature.subarray(1), 2)).toBe(false);
  expect(saidByAgent(claim.session, message, signature, 10_000)).toBe(false);
  expect(saidByAgent({ ...claim.session, state: 'conflict' }, message, signature, 2)).toBe(false);
});
