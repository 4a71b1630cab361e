/** `formwork image build` as users run it, with the built programs. Needs root, mmdebstrap and Debian's mirror. */
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { missingForLab } from './dhcp/lab.ts';

const root = path.resolve(import.meta.dirname, '../..');
const missing = missingForLab(['mmdebstrap']);
const built = z.object({ file: z.string(), sha256: z.string(), bytes: z.number() });
const described = z.object({ kernel: built, initrd: built, siteKey: z.boolean(), missingModules: z.array(z.string()) });

let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'formwork-image-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const like = (pattern: RegExp): unknown => expect.stringMatching(pattern);
const formwork = (...args: readonly string[]): Promise<{ code: number; out: string; err: string }> =>
  new Promise((resolve) => {
    const words = [path.join(root, 'apps/cli/dist/main.js'), ...args];
    execFile(process.execPath, words, { timeout: 500_000, cwd: directory }, (error, out, err) =>
      resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err }),
    );
  });
const build = async (output: string, ...more: readonly string[]) => {
  const cache = path.join(root, '.formwork/images');
  const said = await formwork('image', 'build', 'discovery', '--cache', cache, '--output', output, ...more);
  expect(said).toMatchObject({ code: 0, err: '' });
  return described.parse(JSON.parse(await readFile(path.join(directory, output, 'discovery.json'), 'utf8')));
};

describe.skipIf(missing !== null)(`formwork image build (${missing ?? ''})`, () => {
  it('makes the same octets of the same inputs, others for another key, and not many', async () => {
    const key = () => generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }).toString();
    const mine = key();
    const [first, again, other] = [
      await build('first', '--site-key', mine),
      await build('again', '--site-key', mine),
      await build('other', '--site-key', key()),
    ];
    expect(again).toEqual(first);
    expect(other.kernel).toEqual(first.kernel);
    expect(other.initrd.sha256).not.toBe(first.initrd.sha256);
    expect(first).toMatchObject({ siteKey: true, missingModules: [] });
    expect(first.kernel.bytes + first.initrd.bytes).toBeLessThan(26_000_000);
  });

  it('says what is wrong with its options, and which images there are', async () => {
    const wrong = await formwork('image', 'build', 'discovery', '--kernel', 'tiny');
    expect(wrong).toMatchObject({ code: 2, err: like(/one of generic, cloud/) });
    const none = await formwork('image', 'build', 'windows');
    expect(none).toMatchObject({ code: 2, err: like(/no image "windows".*discovery/) });
    expect(await formwork('image', 'build', 'discovery', '--help')).toMatchObject({
      code: 0,
      out: like(/--site-key/),
    });
  });
});
