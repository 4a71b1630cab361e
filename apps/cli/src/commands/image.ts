import { spawn } from 'node:child_process';
import { FormworkError } from '@formwork/api';
import { Command } from 'commander';
import { builtProgram } from '../built-program.ts';
import type { Io } from '../io.ts';

/** Needs no server: images are built on this machine, by a program of their own. */
export function imageCommand(io: Io): Command {
  const build = new Command('build')
    .description('build an image on this machine; "image build NAME --help" says what each takes')
    .argument('<name>', 'which: discovery')
    .argument('[options...]', 'of that image')
    .helpOption(false)
    .allowUnknownOption()
    .passThroughOptions()
    .action((name: string, options: string[]) => buildImage(io, [name, ...options]));
  return new Command('image')
    .enablePositionalOptions()
    .description('images that machines boot and run')
    .addCommand(build);
}

/** Exit code 2 of the builder is about its options, any other about the build. Its last words are the error. */
async function buildImage(io: Io, args: readonly string[]): Promise<void> {
  const program = builtProgram('packages/providers/dist/metal/images/main.js');
  const child = spawn(process.execPath, [program, 'build', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: io.env,
  });
  const stop = (): void => void child.kill('SIGTERM');
  io.interrupted.addEventListener('abort', stop, { once: true });
  let problem = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => io.out.write(text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (problem += text));
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code === 0) return;
    const message = problem.replace(/^error: /, '').trim() || `the build ended with ${String(code)}`;
    throw code === 2
      ? new FormworkError('invalid', 'image-option', message)
      : new FormworkError('terminal', 'image-failed', message);
  } finally {
    io.interrupted.removeEventListener('abort', stop);
  }
}
