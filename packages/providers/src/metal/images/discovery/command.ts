import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { FormworkError } from '@formwork/core';
import type { BuildImage } from '../builder.ts';
import { buildDiscoveryImage, type DiscoveryOptions } from './build.ts';
import { kernels } from './contents.ts';
import { readSitePublicKey } from './site-key.ts';

const usage = `options of "image build discovery":
  --output DIR                where vmlinuz, initrd and discovery.json go (default: ./discovery)
  --kernel generic|cloud      generic: drivers of real machines (default); cloud: virtual machines alone
  --site-key PEM|FILE         public half of the site's ed25519 key; without it the agent refuses tasks
  --mirror URL                Debian mirror, instead of Debian's own
  --cache DIR                 where what comes from packages is kept
  --refresh                   fetch the packages anew`;

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

export const buildDiscovery: BuildImage = {
  usage,
  build: async (args, deps) => {
    const image = await buildDiscoveryImage(readOptions(args, deps.env), deps);
    const { kernel, initrd } = image;
    deps.log(`kernel ${image.kernelRelease} ${mebibytes(kernel.bytes)} sha256 ${kernel.sha256}`);
    deps.log(`initrd ${mebibytes(initrd.bytes)} sha256 ${initrd.sha256}`);
    if (!image.siteKey) deps.log('no --site-key: the agent discovers and reports, but refuses every task');
  },
};

/** Throws `invalid` errors that say which option is wrong and what it wants. */
export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): DiscoveryOptions {
  const { values } = parse(args);
  const kernel = kernels.find((name) => name === (values.kernel ?? 'generic'));
  if (kernel === undefined) throw wrong(`--kernel is "${values.kernel ?? ''}"; it is one of ${kernels.join(', ')}`);
  const cacheHome = env['XDG_CACHE_HOME'] ?? join(env['HOME'] ?? homedir(), '.cache');
  return {
    kernel,
    output: resolve(values.output ?? 'discovery'),
    mirror: values.mirror ?? null,
    cache: resolve(values.cache ?? join(cacheHome, 'formwork/images')),
    refresh: values.refresh ?? false,
    siteKey: values['site-key'] === undefined ? null : readSiteKey(values['site-key']),
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: joinKeys(args),
      options: {
        output: text,
        kernel: text,
        'site-key': text,
        mirror: text,
        cache: text,
        refresh: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

/** A PEM begins with dashes: given as a word of its own it would be taken for an option. */
const joinKeys = (args: readonly string[]): string[] =>
  args.flatMap((word, index) => {
    if (args[index - 1] === '--site-key' && word.startsWith('-----BEGIN')) return [];
    const next = args[index + 1] ?? '';
    return word === '--site-key' && next.startsWith('-----BEGIN') ? [`${word}=${next}`] : [word];
  });

function readSiteKey(value: string) {
  if (!value.includes('-----BEGIN') && !existsSync(value)) throw wrong(`--site-key: there is no file ${value}`);
  const key = readSitePublicKey(value.includes('-----BEGIN') ? value : readFileSync(value, 'utf8'));
  if (key !== null) return key;
  throw wrong('--site-key is not the PEM of an ed25519 public key ("openssl pkey -in KEY -pubout" prints one)');
}

const wrong = (message: string): FormworkError => new FormworkError('invalid', 'image-option', message);
