import { startTestDatabase, type TestDatabase } from './database.ts';
import { type House, openHouse, probePack } from './house.ts';
import { addLocalNodes, type LocalNodes } from './local-nodes.ts';
import { violations } from './oracle.ts';
import { startTestRedis } from './redis.ts';

/** A house with its own database and queue for one test file, on the backend that the project names. */
export interface Stage {
  readonly house: House;
  readonly database: TestDatabase;
  /** Adds a site of real machines, swept at the end whatever happened. */
  addLocalNodes(site: Parameters<typeof addLocalNodes>[1]): Promise<LocalNodes>;
  /** Ends all; throws when a rule of the engine was broken or a machine left something on the host. */
  close(): Promise<void>;
}

export async function openStage(
  options: { readonly packs?: readonly string[]; readonly durable?: boolean; readonly schedules?: boolean } = {},
): Promise<Stage> {
  const database = await startTestDatabase({ durable: options.durable ?? false });
  const redis = process.env['FORMWORK_TEST_QUEUE'] === 'redis' ? await startTestRedis() : null;
  const house = await openHouse({
    databaseUrl: database.url,
    redisUrl: redis?.url ?? null,
    packs: [probePack, ...(options.packs ?? [])],
    schedules: options.schedules ?? true,
  });
  const sites: LocalNodes[] = [];
  return {
    house,
    database,
    async addLocalNodes(site) {
      const nodes = await addLocalNodes(house, site);
      sites.push(nodes);
      return nodes;
    },
    async close() {
      const broken = await violations(house.db).catch((error: unknown) => [
        `the database could not be read: ${String(error)}`,
      ]);
      await house.stop();
      const left: string[] = [];
      for (const site of sites)
        left.push(...(await site.sweep().catch((error: unknown) => [`the sweep failed: ${String(error)}`])));
      await house.close();
      await redis?.stop();
      await database.stop();
      if (broken.length + left.length > 0) throw new Error([...broken, ...left].join('\n'));
    },
  };
}
