import path from 'node:path';
import { openHouse } from '../../support/house.ts';
import { shapeOf, writePack } from '../engine/content.ts';
import { finishSql } from './finish-sql.ts';

/** What the bench asks the server about. */
export interface Filled {
  /** For the server and the worker: database, master key, data directory. */
  readonly environment: Readonly<Record<string, string>>;
  /** Deployment of 1,000 nodes with its plan and graph. */
  readonly large: string;
  /** One of the deployments of 100 nodes. */
  readonly small: string;
  readonly counts: Readonly<Record<string, number>>;
  readonly fillMs: number;
  close(): Promise<void>;
}

/** What `bench:engine` carries through, while listeners listen. */
const engineNodes = 200;
export const engineShape = shapeOf(engineNodes, 20);

const clones = 89;
const large = 'harbour';
const template = 'unit-00';

const specification = (name: string, count: number, site: string): string => `
name: ${name}
workflow: fleet
groups: [{name: nodes, roles: [four], count: ${String(count)}, site: ${site}, image: debian-12, size: small, labels: {tier: front}}]
`;

/**
 * 10,000 nodes in 91 deployments on 5 of 6 sites, 50,000 node-roles, all active, and 100,000 events. Plans and graphs of the
 * largest and of one small deployment come from the planner; the other small ones are its copies, made by SQL.
 */
export async function fill(databaseUrl: string, directory: string): Promise<Filled> {
  const started = performance.now();
  const house = await openHouse({
    databaseUrl,
    redisUrl: null,
    packs: [path.join(import.meta.dirname, 'pack'), writePack(directory, engineShape)],
    schedules: false,
  });
  for (let site = 0; site < 5; site += 1) {
    await house.addSite(`yard-${String(site)}`, 'sim', {
      state: 'memory',
      maxNodes: 20_000,
      bootMs: 0,
      steps: { defaultMs: 0 },
    });
  }
  await house.addSite('bench', 'sim', { maxNodes: 100_000, bootMs: 0, destroyMs: 0, steps: { defaultMs: 0 } });
  // As many as the site takes at once, as `bench:engine` has it.
  await house.db.query(`UPDATE sites SET max_creates = $1 WHERE name = 'bench'`, [engineNodes]);
  await house.apply(specification(large, 1_000, 'yard-0'));
  await house.apply(specification(template, 100, 'yard-1'));
  for (const statement of finishSql({ template, clones })) await house.db.query(statement);
  const counts = Object.fromEntries(
    await Promise.all(
      ['nodes', 'node_roles', 'deployments', 'plans', 'runs', 'attempts', 'events'].map(async (table) => {
        const [row] = await house.db.query<{ count: number }>(`SELECT count(*)::int AS count FROM ${table}`);
        return [table, row?.count ?? 0] as const;
      }),
    ),
  );
  return {
    environment: house.environment,
    large,
    small: 'unit-42',
    counts,
    fillMs: Math.round(performance.now() - started),
    close: () => house.close(),
  };
}
