import { existsSync, mkdirSync, cpSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { JsonObject } from '@formwork/core';
import { openSecretStore, parseMasterKey } from '@formwork/db';
import { openSecrets } from '@formwork/workflows';
import { addSite, rowsOf, stillness } from '../cluster/deployments.ts';
import { type Cluster, type ClusterSize, startCluster } from '../cluster/cluster.ts';
import type { Template } from '../cluster/template.ts';
import { judge } from '../oracle.ts';
import type { Wanted } from '../oracle/final-state.ts';
import type { Canary } from '../oracle/secrets.ts';
import type { Round } from '../scenario.ts';

export interface SimDeps {
  /** Made when the first round asks for it. */
  readonly template: () => Promise<Template>;
  /** Where the traces of failed rounds are kept. */
  readonly evidenceDirectory: string;
}

/** A cluster with one simulated site, for one round. */
export interface SimStage {
  readonly cluster: Cluster;
  readonly round: Round;
  readonly site: string;
  readonly siteId: string;
  readonly name: string;
  /** Goes into the deployment as its secret parameter. */
  readonly password: string;
  /** Keys of the deployment count among what nobody may see from here on. */
  plantKeys(): Promise<void>;
  /** Waits until all is still and throws with everything that does not hold. */
  verify(wanted: Wanted, names?: readonly string[]): Promise<void>;
}

export interface SimSetup {
  readonly size: ClusterSize;
  readonly configuration: JsonObject;
}

/** Plays one round on a cluster of its own; what a failed one left is kept for whoever looks for the reason. */
export async function onStage(
  deps: SimDeps,
  round: Round,
  setup: SimSetup,
  play: (stage: SimStage) => Promise<void>,
): Promise<void> {
  const cluster = await startCluster(await deps.template(), round.queue, setup.size);
  try {
    await play(await openStage(cluster, round, setup));
  } catch (error) {
    const directory = path.join(deps.evidenceDirectory, String(round.seed));
    await keepEvidence(cluster, directory).catch((problem: unknown) => {
      round.note(`its traces could not be kept: ${String(problem)}`);
    });
    throw new Error(`${error instanceof Error ? error.message : String(error)}\n  traces: ${directory}`, {
      cause: error,
    });
  } finally {
    await cluster.close();
  }
}

async function openStage(cluster: Cluster, round: Round, { configuration }: SimSetup): Promise<SimStage> {
  const word = `canary-${round.seed}/ä"x`;
  const password = `${word}-parameter`;
  const sitePassword = `${word}-site`;
  const canaries: Canary[] = [
    { name: 'secret parameter', value: password },
    { name: 'secret of the site', value: sitePassword },
    { name: 'admin token', value: cluster.adminToken },
    { name: 'master key', value: cluster.masterKey },
    { name: 'password of the database', value: new URL(cluster.postgres.url).password },
  ];
  const site = 'park';
  const siteId = await addSite(cluster, {
    name: site,
    configuration: { seed: round.seed, ...configuration },
    params: { 'secretive.license': sitePassword },
  });
  const secrets = openSecrets(
    openSecretStore({ database: cluster.db, masterKeys: [parseMasterKey(cluster.masterKey)] }),
  );
  const name = 'plant';
  return {
    cluster,
    round,
    site,
    siteId,
    name,
    password,
    async plantKeys() {
      const rows = await rowsOf<{ ref: string | null }>(cluster, 'SELECT ssh_private_key AS ref FROM deployments');
      for (const { ref } of rows) {
        if (ref === null) continue;
        const key = await secrets.reveal({ $secret: { ref, version: 1, digest: '' } });
        for (const value of key.split('\n').filter((line) => line.length >= 32 && !line.startsWith('-----')))
          canaries.push({ name: 'key of the deployment', value });
      }
    },
    async verify(wanted, names = [name]) {
      await stillness(cluster);
      const found = await judge({
        db: cluster.db,
        dataDirectory: cluster.directory,
        outputDirectory: cluster.outputDirectory,
        wanted: new Map(names.map((one) => [one, wanted])),
        canaries,
      });
      if (found.length > 0) throw new Error(found.join('\n'));
    },
  };
}

const tables = [
  ...['deployments', 'runs', 'nodes', 'node_roles', 'attempts', 'claims', 'lock_holds', 'outbox', 'workers', 'sites'],
  ...['create_intents', 'events', 'faults_witness.seen'],
];

async function keepEvidence(cluster: Cluster, directory: string): Promise<void> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  cpSync(cluster.outputDirectory, path.join(directory, 'out'), { recursive: true });
  const sites = path.join(cluster.directory, 'sim');
  if (existsSync(sites)) cpSync(sites, path.join(directory, 'sim'), { recursive: true });
  for (const table of tables) {
    const rows = await cluster.db.query<{ text: string }>(`SELECT row_to_json(t)::text AS text FROM ${table} t`);
    writeFileSync(path.join(directory, `${table}.jsonl`), rows.map(({ text }) => `${text}\n`).join(''));
  }
}
