/** The oracle of test:faults finds nothing in a deployment that went well, and each kind of violation that is planted. */
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Database, openDatabase } from '@formwork/db';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { judge } from '../faults/oracle.ts';
import { installWitness } from '../faults/oracle/witness.ts';
import { startTestDatabase, type TestDatabase } from '../support/database.ts';
import { openHouse, probePack } from '../support/house.ts';
import { quiet as log } from '../support/quiet.ts';

const canary = { name: 'canary', value: 'canary-"Zu9/kei' };
const one = `(SELECT id FROM node_roles WHERE key = 'probe@calm-box-1')`;
const claim = (worker: string, fence: number, seconds: number): string =>
  `INSERT INTO claims (node_role_id, attempt_id, worker, fence, lease_until)
   SELECT node_role_id, id, '${worker}', ${fence}, clock_timestamp() + ${seconds} * interval '1 second' FROM attempts WHERE node_role_id = ${one}`;
/** An event of the node-role after all others, without the counter's leave. */
const event = (kind: string, actor: string, data: string): string =>
  `INSERT INTO events (id, kind, actor, node_role_id, data) SELECT max(id) + 1, '${kind}', '${actor}', ${one}, '${data}' FROM events`;

interface Scene {
  readonly directory: string;
  readonly siteDirectory: string;
}

/** What is planted by SQL, and a part of the sentence that must name it. */
const planted: readonly (readonly [string, string, RegExp])[] = [
  [
    'a node-role that is not where it should be',
    `UPDATE node_roles SET state = 'blocked', state_data = '{"state": "blocked"}', version = version + 1 WHERE id = ${one}`,
    /probe@calm-box-1 is blocked/,
  ],
  [
    'a node-role that was never verified',
    `UPDATE node_roles SET applied = applied || '{"clean": false}' WHERE id = ${one}`,
    /was not verified/,
  ],
  ['a deployment that did not end', `UPDATE deployments SET state = 'running'`, /calm is running, not active/],
  [
    'a node that is not ready',
    `UPDATE nodes SET state = 'unreachable' WHERE name = 'calm-box-2'`,
    /the node calm-box-2 is unreachable/,
  ],
  ['a gap in the events', `DELETE FROM events WHERE id = 5`, /stands at place/],
  [
    'a state that no event tells of',
    `UPDATE node_roles SET state_data = '{"state": "active", "since": 1}', version = version + 1 WHERE id = ${one}`,
    /its events say/,
  ],
  [
    'a state that changed behind its version',
    `UPDATE node_roles SET state_data = '{"state": "active", "since": 2}' WHERE id = ${one}`,
    /changed without its version/,
  ],
  [
    'a counter that fell',
    `UPDATE node_roles SET fence = fence - 1 WHERE id = ${one}`,
    /a counter of probe@calm-box-1 fell: fence 1 to 0/,
  ],
  [
    'a fence that nobody claimed',
    `UPDATE node_roles SET fence = 7 WHERE id = ${one}`,
    /the fence of probe@calm-box-1 is 7, it was claimed 1 times/,
  ],
  ['a lease that is left', claim('w', 1, 60), /a lease of w is left/],
  ['a claim of what does not hold', claim('w', 1, 60), /claim of probe@calm-box-1/],
  [
    'a claim taken from a living worker',
    `${claim('w', 1, 60)}; UPDATE claims SET worker = 'v', fence = 2`,
    /v took the claim .* whose lease was alive/,
  ],
  [
    'a lock that is left',
    `INSERT INTO lock_holds (name, scope_key, node_role_id) VALUES ('l', 's', ${one})`,
    /the lock l is left/,
  ],
  ['an attempt that is open', `UPDATE attempts SET state = 'running' WHERE node_role_id = ${one}`, /is still running/],
  [
    'an attempt that changed after its end',
    `UPDATE attempts SET state = 'failed' WHERE node_role_id = ${one}`,
    /was done and became failed/,
  ],
  [
    'an attempt that was left out',
    `UPDATE attempts SET number = 3 WHERE node_role_id = ${one}`,
    /attempt 3 of probe@calm-box-1 follows on 0/,
  ],
  [
    'two attempts at once',
    `INSERT INTO attempts (id, node_role_id, run_id, number, action, state, started_at, ended_at)
     SELECT gen_random_uuid(), node_role_id, run_id, 2, action, 'done', started_at + interval '1 ms', ended_at FROM attempts WHERE node_role_id = ${one}`,
    /attempts 1 and 2 of probe@calm-box-1 at once/,
  ],
  [
    'a stale result',
    event('node-role.done', 'worker:stale', '{"key": "probe@calm-box-1", "state": "active"}'),
    /is a stale result of probe@calm-box-1 by worker:stale/,
  ],
  [
    'an attempt that began twice',
    event(
      'node-role.claimed',
      'worker:w',
      '{"key": "probe@calm-box-1", "attempt": 1, "worker": "w", "attached": false}',
    ),
    /claims attempt 1 .* should be 2/,
  ],
  [
    'a job that is left',
    `INSERT INTO outbox (queue, job_id, data) VALUES ('q', 'j', '{}')`,
    /a job of the outbox is left/,
  ],
  [
    'a machine nobody knows',
    `UPDATE nodes SET state = 'destroyed' WHERE name = 'calm-box-2'`,
    /the machine calm-box-2 is an orphan/,
  ],
  ['a machine nobody announced', `DELETE FROM create_intents`, /was made without having been announced/],
  [
    'a secret in an event',
    event('x', 'y', JSON.stringify({ text: canary.value }).replaceAll("'", "''")),
    /the canary is in table public.events/,
  ],
  [
    'a secret in a log',
    `INSERT INTO log_chunks (attempt_id, "offset", "end", text) SELECT id, 0, 1, '${Buffer.from(canary.value).toString('base64')}' FROM attempts LIMIT 1`,
    /the canary is in table public.log_chunks/,
  ],
  [
    'a secret in an error',
    `UPDATE attempts SET error = '${JSON.stringify({ message: canary.value })}' WHERE node_role_id = ${one}`,
    /the canary is in table public.attempts/,
  ],
  [
    'something done that never ran',
    `UPDATE node_roles SET role = 'follower', key = 'follower@x' WHERE key = 'follower@calm-box-1'; UPDATE node_roles SET role = 'follower' WHERE id = ${one}`,
    /and is not stored/,
  ],
];

/** What is planted in the files of the simulated site or of the processes. */
const plantedFiles: readonly (readonly [string, (scene: Scene) => void, RegExp])[] = [
  [
    'a step that was started twice',
    ({ siteDirectory }) => {
      again(siteDirectory, { startedAtMs: 5 });
    },
    /was started 2 times/,
  ],
  [
    'a step that ran and is not stored',
    ({ siteDirectory }) => {
      again(siteDirectory, { attempt: 9 });
    },
    /ran and is not stored/,
  ],
  [
    'two steps at once on one lane',
    ({ siteDirectory }) => {
      overlap(siteDirectory);
    },
    /ran at once/,
  ],
  [
    'a step that is done and never ran',
    ({ siteDirectory }) => {
      rewrite(siteDirectory, (line) => !(line.includes('"role":"probe"') && line.includes(firstNode(siteDirectory))));
    },
    /is stored as done and never ran/,
  ],
  [
    'a machine that is missing',
    ({ siteDirectory }) => {
      for (const name of machines(siteDirectory)) rmSync(name);
    },
    /is ready and has no machine/,
  ],
  [
    'a second machine of a node',
    ({ siteDirectory }) => {
      cpSync(machines(siteDirectory)[0] ?? '', path.join(siteDirectory, 'machines', `${'0'.repeat(32)}.json`));
    },
    /has 2 machines/,
  ],
  [
    'a secret in what was printed',
    ({ directory }) => {
      writeFileSync(path.join(directory, 'out/worker-1.log'), `x ${encodeURIComponent(canary.value)} y`);
    },
    /the canary is in the output of worker-1/,
  ],
];

const machines = (siteDirectory: string): readonly string[] =>
  readdirSync(path.join(siteDirectory, 'machines'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => path.join(siteDirectory, 'machines', name));
const ledgerFile = (siteDirectory: string): string => {
  const [name = ''] = readdirSync(path.join(siteDirectory, 'ledger'));
  return path.join(siteDirectory, 'ledger', name);
};
const lines = (siteDirectory: string): readonly string[] =>
  readFileSync(ledgerFile(siteDirectory), 'utf8').trim().split('\n');
const firstNode = (siteDirectory: string): string =>
  /"nodeId":"([^"]+)"/.exec(lines(siteDirectory)[0] ?? '')?.[1] ?? '';
const rewrite = (siteDirectory: string, keep: (line: string) => boolean): void => {
  const kept = lines(siteDirectory).filter(keep);
  writeFileSync(ledgerFile(siteDirectory), kept.map((line) => `${line}\n`).join(''));
};
/** The first line once more, with other values in it. */
const again = (siteDirectory: string, values: Readonly<Record<string, number>>): void => {
  const line = Object.entries(values).reduce(
    (text, [name, value]) => text.replace(new RegExp(`"${name}":[^,}]+`), `"${name}":${value}`),
    lines(siteDirectory)[0] ?? '',
  );
  appendFileSync(ledgerFile(siteDirectory), `${line}\n`);
};
/** Every step lasts, and answers, an hour later. */
const overlap = (siteDirectory: string): void => {
  const later = lines(siteDirectory).map((line) =>
    line
      .replace(/"untilMs":([\d.]+)/, (_, ms: string) => `"untilMs":${Number(ms) + 3_600_000}`)
      .replace(/"atMs":([\d.]+)/, (_, ms: string) => `"atMs":${Number(ms) + 3_600_000}`),
  );
  writeFileSync(ledgerFile(siteDirectory), later.map((line) => `${line}\n`).join(''));
};

describe('the oracle', () => {
  let database: TestDatabase;
  let directory = '';
  let finished = '';
  let siteId = '';

  beforeAll(async () => {
    database = await startTestDatabase();
    finished = database.url;
    directory = mkdtempSync(path.join(tmpdir(), 'formwork-oracle-'));
    const house = await openHouse({ databaseUrl: finished, redisUrl: null, packs: [probePack] });
    await installWitness(house.db);
    siteId = await house.addSite('park', 'sim', { bootMs: 20, steps: { defaultMs: 20 } });
    await house.startWorker();
    const groups = [{ name: 'box', roles: ['follower'], count: 2, site: 'park' }];
    const { runId } = await house.apply(JSON.stringify({ name: 'calm', workflow: 'probe', groups }));
    expect(await house.runEnd(runId)).toBe('succeeded');
    await house.stop();
    cpSync(path.join(house.dataDirectory, 'sim'), path.join(directory, 'finished/sim'), { recursive: true });
    mkdirSync(path.join(directory, 'finished/out'));
    await house.close();
  });
  afterAll(async () => {
    rmSync(directory, { recursive: true, force: true });
    await database.stop();
  });

  /** A copy of all that was left, changed; and what the oracle says of it. */
  async function verdict(
    name: string,
    change: (db: Database, scene: Scene) => Promise<void> | void,
  ): Promise<readonly string[]> {
    const copy = `copy_${name}`;
    const admin = new pg.Client({ connectionString: database.postgres.url });
    await admin.connect();
    await admin.query(`CREATE DATABASE ${copy} TEMPLATE ${new URL(finished).pathname.slice(1)}`);
    await admin.end();
    const url = new URL(finished);
    url.pathname = `/${copy}`;
    const place = path.join(directory, copy);
    cpSync(path.join(directory, 'finished'), place, { recursive: true });
    const db = openDatabase({ url: url.href, log });
    try {
      await change(db, { directory: place, siteDirectory: path.join(place, 'sim', siteId) });
      return await judge({
        db,
        dataDirectory: place,
        outputDirectory: path.join(place, 'out'),
        wanted: new Map([['calm', 'active']]),
        canaries: [canary],
      });
    } finally {
      await db.close();
    }
  }

  it('has nothing to say of a deployment that went well', async () => {
    expect(await verdict('calm', () => undefined)).toEqual([]);
  });

  it.each(planted.map(([what, sql, says], index) => ({ what, sql, says, name: `row_${index}` })))(
    'names $what',
    async ({ name, sql, says }) => {
      const found = await verdict(name, async (db) => {
        for (const statement of sql.split('; ')) await db.query(statement);
      });
      expect(found.join('\n')).toMatch(says);
    },
  );

  it.each(plantedFiles.map(([what, plant, says], index) => ({ what, plant, says, name: `file_${index}` })))(
    'names $what',
    async ({ name, plant, says }) => {
      const found = await verdict(name, (_, scene) => {
        plant(scene);
      });
      expect(found.join('\n')).toMatch(says);
    },
  );
});
