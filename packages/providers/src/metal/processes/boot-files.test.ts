import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { siteKeyArchive } from '../images/discovery/site-key.ts';
import { provideDiscoveryImage, readDiscoveryImage } from './boot-files.ts';

let directory: string;
const { publicKey } = generateKeyPairSync('ed25519');
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'formwork-boot-files-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});
const at = (...names: readonly string[]): string => path.join(directory, ...names);

it('makes the image of a site of the one that was built, with its key, once for each build', async () => {
  const [built, boot] = [at('built'), at('boot')];
  await provideDiscoveryImage(built, boot, publicKey);
  expect(await readDiscoveryImage(boot)).toBeNull();
  mkdirSync(built);
  writeFileSync(at('built/vmlinuz'), 'kernel');
  writeFileSync(at('built/initrd'), 'archive');
  writeFileSync(at('built/discovery.json'), '{"arguments":["console=ttyS0","quiet"]}');
  await provideDiscoveryImage(built, boot, publicKey);
  expect(await readDiscoveryImage(boot)).toEqual({
    kernel: 'files/discovery/vmlinuz',
    initrd: 'files/discovery/initrd',
    arguments: ['console=ttyS0', 'quiet'],
  });
  const initrd = readFileSync(at('boot/discovery/initrd'));
  expect(initrd.equals(Buffer.concat([Buffer.from('archive\0'), siteKeyArchive(publicKey)]))).toBe(true);
  writeFileSync(at('boot/discovery/initrd'), 'touched');
  await provideDiscoveryImage(built, boot, publicKey);
  expect(readFileSync(at('boot/discovery/initrd'), 'utf8')).toBe('touched');
  writeFileSync(at('built/initrd'), 'another archive');
  await provideDiscoveryImage(built, boot, publicKey);
  expect(readFileSync(at('boot/discovery/initrd')).subarray(0, 16).toString()).toBe('another archive\0');
});

it('takes an image without a description, and none that is half there', async () => {
  mkdirSync(at('boot/discovery'), { recursive: true });
  writeFileSync(at('boot/discovery/vmlinuz'), 'kernel');
  expect(await readDiscoveryImage(at('boot'))).toBeNull();
  writeFileSync(at('boot/discovery/initrd'), 'archive');
  writeFileSync(at('boot/discovery/discovery.json'), '{"arguments": "no list"');
  expect(await readDiscoveryImage(at('boot'))).toMatchObject({ arguments: [] });
});
