import { readFile } from 'node:fs/promises';
import { FormworkError } from '@formwork/api';
import { type Config, configFile, readConfig } from './config-file.ts';

export interface ConnectionOptions {
  readonly url?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly context?: string | undefined;
}

export interface Connection {
  readonly url: string;
  readonly token: string | null;
}

const defaultUrl = 'http://127.0.0.1:8468';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * Where the server is and who asks: flag, then environment, then the context of the configuration file, then this
 * machine. A token is never a flag, since every user of a machine sees the arguments of a process.
 */
export async function resolveConnection(options: ConnectionOptions, env: Env): Promise<Connection> {
  const context = chooseContext(
    await readConfig(configFile(env)),
    options.context ?? env['FORMWORK_CONTEXT'],
    configFile(env),
  );
  const named = options.url ?? env['FORMWORK_URL'];
  const url = named ?? context?.url ?? defaultUrl;
  const flagged = options.tokenFile === undefined ? undefined : await readToken(options.tokenFile);
  // A token is for its own server: another one named by flag or environment does not get to see it.
  const stored = named === undefined || named === context?.url ? context?.token : undefined;
  return { url, token: flagged ?? env['FORMWORK_TOKEN'] ?? stored ?? null };
}

function chooseContext(config: Config, asked: string | undefined, file: string) {
  const name = asked ?? config.current;
  if (name === undefined) return undefined;
  const context = config.contexts[name];
  if (context === undefined && asked !== undefined) {
    const known = Object.keys(config.contexts).join(', ') || 'none';
    throw new FormworkError('invalid', 'unknown-context', `${file} has no context "${name}"; it has: ${known}`);
  }
  return context;
}

async function readToken(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new FormworkError('invalid', 'unreadable-file', `the token file ${file} cannot be read`, { cause });
  }
}
