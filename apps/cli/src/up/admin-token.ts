import { readFile, rm } from 'node:fs/promises';
import { configFile, readConfig, writeConfig } from '../config/config-file.ts';

type Env = Readonly<Record<string, string | undefined>>;

export interface FirstToken {
  readonly token: string;
  readonly configFile: string;
}

/**
 * Takes the token that a server left at its first start into the context `local` of the configuration, which becomes
 * the current one when there is none, and removes the file. Null when the server left none.
 */
export async function adoptFirstToken(tokenFile: string, url: string, env: Env): Promise<FirstToken | null> {
  const token = await readFile(tokenFile, 'utf8').then(
    (text) => text.trim(),
    () => '',
  );
  if (token === '') return null;
  const file = configFile(env);
  const config = await readConfig(file);
  await writeConfig(file, {
    ...config,
    current: config.current ?? 'local',
    contexts: { ...config.contexts, local: { url, token } },
  });
  await rm(tokenFile);
  return { token, configFile: file };
}
