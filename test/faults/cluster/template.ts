import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openDatabase } from '@formwork/db';
import { probePack } from '../../support/house.ts';
import { quiet } from '../../support/quiet.ts';
import { storePacks } from '../../support/store-packs.ts';
import { installWitness } from '../oracle/witness.ts';
import { manageProcess } from './managed-process.ts';
import { startPostgresProcess } from './postgres-process.ts';
import { programs } from './programs.ts';

/** The server has stored it already; what a pack needs is loaded beside it. */
const basePack = path.resolve(import.meta.dirname, '../../../content/base');

/** A data directory that has been started once: each round begins with a copy, not with initdb and all migrations. */
export interface Template {
  readonly directory: string;
  readonly masterKey: string;
  readonly adminToken: string;
}

/** Made when it is first asked for. */
export interface Templates {
  template(): Promise<Template>;
  remove(): Promise<void>;
}

export function openTemplates(): Templates {
  const made: Promise<Template>[] = [];
  return {
    template() {
      const [known = prepareTemplate()] = made;
      if (made.length === 0) made.push(known);
      return known;
    },
    async remove() {
      for (const end of await Promise.allSettled(made))
        if (end.status === 'fulfilled') rmSync(end.value.directory, { recursive: true, force: true });
    },
  };
}

async function prepareTemplate(): Promise<Template> {
  const directory = mkdtempSync(path.join(tmpdir(), 'formwork-faults-template-'));
  const outputDirectory = path.join(directory, 'out');
  mkdirSync(outputDirectory);
  const masterKey = randomBytes(32).toString('hex');
  const tokenFile = path.join(directory, 'admin-token');
  const postgres = await startPostgresProcess({
    program: programs.database,
    dataDirectory: path.join(directory, 'postgres'),
    outputDirectory,
  });
  const server = manageProcess({
    name: 'server',
    args: [programs.server],
    readyText: 'the server is ready',
    outputDirectory,
    environment: {
      DATABASE_URL: postgres.url,
      FORMWORK_MASTER_KEY: masterKey,
      FORMWORK_DATA_DIR: directory,
      FORMWORK_PORT: '0',
      FORMWORK_ADMIN_TOKEN_FILE: tokenFile,
    },
  });
  try {
    await server.start();
    const db = openDatabase({ url: postgres.url, log: quiet });
    await storePacks(db, [basePack, probePack]);
    await installWitness(db);
    await db.close();
  } finally {
    await server.stop();
    await postgres.stop();
  }
  return { directory, masterKey, adminToken: readFileSync(tokenFile, 'utf8').trim() };
}
