import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FormworkError } from '@formwork/api';
import { Command } from 'commander';
import type { Io } from '../io.ts';

/** A program of its own: this one knows the API and nothing of providers. */
const builder = 'packages/providers/dist/metal/images/main.js';
const wrongUsage = 2;

export function imageCommand(io: Io): Command {
  return new Command('image').description('images for metal').addCommand(buildCommand(io));
}

/** Options are the builder's, one set for each kind of image: `image build debian-12 --help` lists them. */
function buildCommand(io: Io): Command {
  return new Command('build')
    .description('build an image on this machine from the packages of a distribution; needs no server')
    .argument('<name>', 'as in debian-12; another name lists what there is')
    .argument('[options...]', 'of this image; "formwork image build <name> --help" lists them')
    .helpOption(false)
    .allowUnknownOption()
    .action(async (name: string, options: readonly string[]) => {
      await build(io, [name, ...options]);
    });
}

async function build(io: Io, args: readonly string[]): Promise<void> {
  const { code, said } = await run(io, [findProgram(), 'build', ...args]);
  if (code === 0) return;
  const message = said.trimEnd().replace(/^error: /, '');
  if (code === wrongUsage) throw new FormworkError('invalid', 'usage', message);
  throw new FormworkError('terminal', 'image-build-failed', message === '' ? 'the builder was killed' : message);
}

function findProgram(): string {
  const program = fileURLToPath(new URL(`../../../../${builder}`, import.meta.url));
  if (existsSync(program)) return program;
  throw new FormworkError('invalid', 'not-built', `${program} is not there; build it with: npm run build`);
}

/** Its stdout is passed on as it comes; stderr says why it failed. Interrupted, it ends by itself and cleans up. */
async function run(io: Io, args: readonly string[]): Promise<{ readonly code: number | null; readonly said: string }> {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const stop = (): void => {
    child.kill('SIGTERM');
  };
  io.interrupted.addEventListener('abort', stop);
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    io.out.write(text);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  io.interrupted.removeEventListener('abort', stop);
  return { code, said };
}
