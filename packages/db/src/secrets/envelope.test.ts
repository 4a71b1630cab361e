import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  dataKeyVersionOf,
  digestWith,
  newDataKey,
  openWith,
  sealWith,
  unwrapDataKey,
  wrapDataKey,
} from './envelope.ts';
import { parseMasterKey } from './master-key.ts';

const newMaster = () => parseMasterKey(randomBytes(32).toString('base64'));
const unreadable = { code: 'secret-unreadable' };
function thrownBy(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return undefined;
}

it('opens what it sealed, for any text, and never seals a text twice alike', () => {
  const key = newDataKey('site:1', 3);
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (text, name) => {
      const sealed = sealWith(key, name, text);
      expect(dataKeyVersionOf(sealed)).toBe(3);
      expect(openWith(key, name, sealed)).toBe(text);
      expect(Buffer.from(sealed).equals(sealWith(key, name, text))).toBe(false);
    }),
  );
});

it('does not open after any change of any byte', () => {
  const key = newDataKey('site:1', 1);
  const sealed = sealWith(key, 'password', 'hunter2');
  for (let index = 0; index < sealed.length; index += 1) {
    // The version in front says which key to take, so a changed one asks for another key and is not read here.
    if (index >= 1 && index <= 4) continue;
    const changed = Uint8Array.from(sealed);
    changed[index] = (changed[index] ?? 0) ^ 1;
    expect(thrownBy(() => openWith(key, 'password', changed))).toMatchObject(unreadable);
  }
  for (const cut of [0, 1, 20, sealed.length - 1]) {
    expect(thrownBy(() => openWith(key, 'password', sealed.subarray(0, cut)))).toMatchObject(unreadable);
  }
});

it('does not open under another name, scope or key', () => {
  const key = newDataKey('site:1', 1);
  const sealed = sealWith(key, 'password', 'hunter2');
  expect(thrownBy(() => openWith(key, 'other', sealed))).toMatchObject(unreadable);
  expect(thrownBy(() => openWith({ ...key, scope: 'site:2' }, 'password', sealed))).toMatchObject(unreadable);
  expect(thrownBy(() => openWith(newDataKey('site:1', 1), 'password', sealed))).toMatchObject(unreadable);
});

it('wraps a data key for its scope and version, under the master key it names', () => {
  const [old, current] = [newMaster(), newMaster()];
  const key = newDataKey('deployment:9', 2);
  const wrapped = wrapDataKey(old, key);
  expect(unwrapDataKey([current, old], 'deployment:9', 2, wrapped)).toEqual(key);
  expect(thrownBy(() => unwrapDataKey([current], 'deployment:9', 2, wrapped))).toMatchObject({
    code: 'master-key-unknown',
  });
  expect(thrownBy(() => unwrapDataKey([old], 'deployment:9', 1, wrapped))).toMatchObject(unreadable);
  expect(thrownBy(() => unwrapDataKey([old], 'deployment:8', 2, wrapped))).toMatchObject(unreadable);
});

it('digests equal texts alike in one scope and differently in another', () => {
  const [one, two] = [newDataKey('site:1', 1), newDataKey('site:2', 1)];
  expect(digestWith(one, 'x')).toBe(digestWith(one, 'x'));
  expect(digestWith(one, 'x')).toMatch(/^[0-9a-f]{64}$/);
  expect(digestWith(one, 'x')).not.toBe(digestWith(one, 'y'));
  expect(digestWith(one, 'x')).not.toBe(digestWith(two, 'x'));
});
