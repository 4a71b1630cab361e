import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { FormworkError } from '@formwork/api';
import { parse, stringify } from 'yaml';
import { z } from 'zod';

const contextSchema = z.strictObject({ url: z.url(), token: z.string().optional() });
const configSchema = z.strictObject({
  current: z.string().optional(),
  contexts: z.record(z.string(), contextSchema).default({}),
});
export type Config = z.output<typeof configSchema>;

type Env = Readonly<Record<string, string | undefined>>;

/** `$XDG_CONFIG_HOME/formwork/config.yaml`, else `~/.config/formwork/config.yaml`. */
export function configFile(env: Env): string {
  const base = env['XDG_CONFIG_HOME'] ?? path.join(env['HOME'] ?? homedir(), '.config');
  return path.join(base, 'formwork', 'config.yaml');
}

/** What the file says; nothing when there is none. Errors: `invalid-config`. */
export async function readConfig(file: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { contexts: {} };
    throw error;
  }
  try {
    return configSchema.parse(parse(text) ?? {});
  } catch (cause) {
    const why = cause instanceof z.ZodError ? z.prettifyError(cause) : String(cause);
    throw new FormworkError('invalid', 'invalid-config', `${file} cannot be read: ${why}`, { cause });
  }
}

/** Replaces the file at once, readable by its owner only: it holds tokens. */
export async function writeConfig(file: string, config: Config): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 });
  const next = `${file}.${String(process.pid)}.new`;
  await writeFile(next, stringify(config), { mode: 0o600 });
  await rename(next, file);
}
