import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readOptions } from './command.ts';

const env = { HOME: '/home/me' };
const pem = (kind: 'ed25519' | 'x25519', half: 'public' | 'private'): string => {
  const { publicKey, privateKey } = generateKeyPairSync(kind as 'ed25519');
  const text =
    half === 'public'
      ? publicKey.export({ format: 'pem', type: 'spki' })
      : privateKey.export({ format: 'pem', type: 'pkcs8' });
  return text.toString();
};

it('has defaults for everything', () => {
  expect(readOptions([], env)).toMatchObject({ kernel: 'generic', siteKey: null, mirror: null, refresh: false });
  expect(readOptions([], env).cache).toBe('/home/me/.cache/formwork/images');
  expect(readOptions([], { ...env, XDG_CACHE_HOME: '/var/cache' }).cache).toBe('/var/cache/formwork/images');
});

it('takes a site key as text or from a file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'formwork-key-'));
  try {
    const text = pem('ed25519', 'public');
    const file = join(directory, 'site.pem');
    writeFileSync(file, text);
    const given = [text, file].map((value) =>
      readOptions(['--site-key', value], env).siteKey?.export({ format: 'jwk' }),
    );
    expect(given[0]).toEqual(given[1]);
    expect(given[0]).toMatchObject({ crv: 'Ed25519' });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it.each([
  [['--kernel', 'tiny'], 'generic, cloud'],
  [['--site-key', '/nonexistent/key'], 'no file /nonexistent/key'],
  [['--site-key', pem('ed25519', 'private')], 'public key'],
  [['--site-key', pem('x25519', 'public')], 'ed25519'],
  [['--size', '1'], "'--size'"],
])('refuses %j and says what is wanted', (args, why) => {
  expect(() => readOptions(args, env)).toThrow(why);
});
