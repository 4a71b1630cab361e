import { providerNamed } from '@formwork/providers';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConformanceHarness } from './harness.ts';
import { requestsOf } from './requests.ts';
import { makeKeyPair } from './ssh.ts';
import { conformance } from './suite.ts';

const siteId = `conformance-local-${process.pid}`;
const local = providerNamed('local');
const context = { signal: new AbortController().signal, timeoutMs: 300_000 };

const openIn =
  (dataDirectory: string, logged: string[]) =>
  (configuration: object = {}) =>
    local.open({
      siteId,
      siteName: 'here',
      configuration: { driver: 'nspawn', bridge: 'fwconf0', subnet: '10.91.0.0/24', ...configuration },
      credentials: {},
      dataDirectory,
      log: (message, fields) => logged.push(`${message} ${JSON.stringify(fields)}`),
    });

/** What this host lacks for real machines, in the words of the provider's own check; null when it has everything. */
async function lacking(): Promise<string | null> {
  if (process.platform !== 'linux') return 'Linux';
  if (process.getuid?.() !== 0) return 'root (the nspawn driver needs it)';
  const dataDirectory = await mkdtemp(join(tmpdir(), 'formwork-conformance-local-'));
  const provider = openIn(dataDirectory, [])();
  try {
    const { problems } = await provider.check(context);
    return problems.length === 0 ? null : problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
  } finally {
    await provider.close();
    await rm(dataDirectory, { recursive: true });
  }
}

async function makeHarness(): Promise<ConformanceHarness> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'formwork-conformance-local-'));
  const { privateKey, publicKey } = makeKeyPair();
  const logged: string[] = [];
  const open = openIn(dataDirectory, logged);
  return {
    descriptor: local.descriptor,
    open: () => open(),
    request: requestsOf(siteId, publicKey),
    privateKey,
    manyNodes: 2,
    machines: (owned) => owned.filter(({ kind }) => kind === 'node'),
    wrong: () => ({ provider: open({ defaultImage: 'debian-1' }), path: '$.defaultImage' }),
    faults: {},
    secrets: privateKey.split('\n').filter((line) => line.length > 20 && !line.startsWith('---')),
    logged,
    patience: { totalMs: 240_000, pauseMs: 200 },
    close: () => rm(dataDirectory, { recursive: true }),
  };
}

conformance('local', makeHarness, {
  missing: await lacking(),
  without: ['lost-creates', 'throttling', 'hanging-calls'],
});
