import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configFile, readConfig, writeConfig } from './config-file.ts';
import { resolveConnection } from './connection.ts';

let home = '';
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'formwork-config-'));
});
afterEach(() => rm(home, { recursive: true }));

const env = (more: Record<string, string> = {}) => ({ XDG_CONFIG_HOME: home, ...more });
const contexts = {
  local: { url: 'http://127.0.0.1:8468', token: 'stored' },
  lab: { url: 'https://lab.example', token: 'of-lab' },
};

describe('resolveConnection', () => {
  it('takes this machine when nothing is said', async () => {
    expect(await resolveConnection({}, env())).toEqual({ url: 'http://127.0.0.1:8468', token: null });
  });

  it('takes the flag before the environment before the configuration', async () => {
    await writeConfig(configFile(env()), { current: 'local', contexts });
    const tokenFile = path.join(home, 'token');
    await writeFile(tokenFile, 'flagged\n');
    const named = env({ FORMWORK_URL: 'http://env', FORMWORK_TOKEN: 'of-env' });
    expect(await resolveConnection({}, env())).toEqual(contexts.local);
    expect(await resolveConnection({}, named)).toEqual({ url: 'http://env', token: 'of-env' });
    expect(await resolveConnection({ url: 'http://flag', tokenFile }, named)).toEqual({
      url: 'http://flag',
      token: 'flagged',
    });
  });

  it('chooses a context by flag or environment, and names those there are', async () => {
    await writeConfig(configFile(env()), { current: 'local', contexts });
    expect(await resolveConnection({ context: 'lab' }, env())).toEqual(contexts.lab);
    expect(await resolveConnection({}, env({ FORMWORK_CONTEXT: 'lab' }))).toEqual(contexts.lab);
    await expect(resolveConnection({ context: 'lap' }, env())).rejects.toThrow('local, lab');
  });

  it('never sends a stored token to another server', async () => {
    await writeConfig(configFile(env()), { current: 'local', contexts });
    expect(await resolveConnection({ url: 'http://elsewhere' }, env())).toEqual({
      url: 'http://elsewhere',
      token: null,
    });
  });
});

describe('the configuration file', () => {
  it('is readable by its owner only', async () => {
    await writeConfig(configFile(env()), { contexts });
    expect((await stat(configFile(env()))).mode & 0o777).toBe(0o600);
    expect(await readConfig(configFile(env()))).toEqual({ contexts });
  });

  it('says what is wrong with it', async () => {
    await writeConfig(configFile(env()), { contexts: {} });
    await writeFile(configFile(env()), 'contexts: {a: {ulr: x}}');
    await expect(readConfig(configFile(env()))).rejects.toMatchObject({ code: 'invalid-config', kind: 'invalid' });
  });
});
