import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { FormworkError } from '@formwork/api';
import { Command } from 'commander';
import { z } from 'zod';
import { collect, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';

/** The builders are programs of their own: this one knows the API and nothing of providers. */
const builders = {
  discovery: 'packages/providers/dist/metal/discovery/image-main.js',
  system: 'packages/providers/dist/metal/images/main.js',
} as const;

const optionsSchema = z.object({
  output: z.string().min(1),
  kernel: z.string().optional(),
  package: z.array(z.string()).default([]),
  firstBoot: z.string().optional(),
  mirror: z.string().optional(),
  securityMirror: z.string().optional(),
  keyring: z.string().optional(),
  keepRaw: z.boolean().default(false),
  rebuild: z.boolean().default(false),
  json: z.boolean().default(false),
});

const answerSchema = z.union([
  z.object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      problems: z.array(z.looseObject({ path: z.string(), message: z.string() })).default([]),
    }),
  }),
  z.object({ manifestFile: z.string() }),
]);

export function imageCommand(io: Io): Command {
  return new Command('image').description('operating system images for metal').addCommand(buildCommand(io));
}

function buildCommand(io: Io): Command {
  return new Command('build')
    .description('build an image on this machine from the packages of a distribution; needs no server')
    .argument('<name>', 'debian-12, debian-13, ubuntu-24.04, or discovery')
    .option('--output <directory>', 'where the image and its manifest go', '.')
    .option('--kernel <kind>', 'generic (real machines, default) or cloud (small, virtual machines)')
    .option('--package <name>', 'one more package in the image', collect)
    .option('--first-boot <by>', 'formwork (default) or cloud-init')
    .option('--mirror <url>', "the distribution's mirror")
    .option('--security-mirror <url>', 'the mirror of its security updates')
    .option('--keyring <file>', "the keys of the mirror's archive")
    .option('--keep-raw', 'leave the raw image beside the compressed one')
    .option('--rebuild', 'build even if there is an image of the same input')
    .option('--json', 'the manifest as one line of JSON')
    .action(async (name: string, given: unknown) => {
      await build(io, name, readOptions(optionsSchema, given));
    });
}

async function build(io: Io, name: string, options: z.output<typeof optionsSchema>): Promise<void> {
  const program = findProgram(name === 'discovery' ? builders.discovery : builders.system);
  const line = await runBuilder(io, [program, name, ...argumentsOf(options)]);
  const answer = answerSchema.safeParse(line === '' ? null : JSON.parse(line));
  if (!answer.success) throw new FormworkError('internal', 'image-build-failed', 'the builder ended without an answer');
  if ('error' in answer.data) {
    const { code, message, problems } = answer.data.error;
    throw new FormworkError('invalid', code, message, problems.length === 0 ? {} : { details: { problems } });
  }
  io.out.write(options.json ? `${line}\n` : `${name} is built: ${answer.data.manifestFile}\n`);
}

function argumentsOf(options: z.output<typeof optionsSchema>): readonly string[] {
  const value = (name: string, given: string | undefined) => (given === undefined ? [] : [`--${name}`, given]);
  return [
    ...value('output', options.output),
    ...value('kernel', options.kernel),
    ...options.package.flatMap((name) => value('package', name)),
    ...value('first-boot', options.firstBoot),
    ...value('mirror', options.mirror),
    ...value('security-mirror', options.securityMirror),
    ...value('keyring', options.keyring),
    ...(options.keepRaw ? ['--keep-raw'] : []),
    ...(options.rebuild ? ['--rebuild'] : []),
  ];
}

function findProgram(file: string): string {
  const program = fileURLToPath(new URL(`../../../../${file}`, import.meta.url));
  if (existsSync(program)) return program;
  throw new FormworkError('invalid', 'not-built', `${program} is not there; build it with: npm run build`);
}

/** Passes its progress on; the last line of its stdout. It ends by itself when it is interrupted, and cleans up. */
async function runBuilder(io: Io, args: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = (): void => {
    child.kill('SIGTERM');
  };
  io.interrupted.addEventListener('abort', stop);
  let last = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = line;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    io.err.write(text);
  });
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      resolve();
    });
  });
  io.interrupted.removeEventListener('abort', stop);
  return last;
}
