import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/client.ts';
import type { Log } from '../log.ts';
import { attemptInventory } from './attempts.ts';
import { auditInventory } from './audit.ts';
import { deploymentInventory } from './deployments.ts';
import { eventInventory } from './events.ts';
import { logInventory } from './logs.ts';
import { machineInventory } from './machines.ts';
import { namedSecretInventory } from './named-secrets.ts';
import { nodeRoleInventory } from './node-roles.ts';
import { nodeInventory } from './nodes.ts';
import { packInventory } from './packs.ts';
import { planInventory } from './plans.ts';
import { openReadPool, type Reader, readerOf } from './reader.ts';
import { runInventory } from './runs.ts';
import { siteInventory } from './sites.ts';
import { statisticsInventory } from './statistics.ts';
import { tokenInventory } from './tokens.ts';

/**
 * What the API reads: lists with filters and pages, and read models. What is asked most is SQL by hand, the rest goes
 * through Prisma, both on a pool of their own, so that a heavy list never takes a connection from the engine. Nothing is written here: a change, its event and its audit entry are
 * one transaction of `Database` (the functions that take a `tx` beside these files).
 */
export type Inventory = ReturnType<typeof assemble> & { close(): Promise<void> };

export function openInventory(options: {
  readonly url: string;
  readonly connections?: number;
  readonly log: Log;
}): Inventory {
  const pool = openReadPool({ url: options.url, connections: options.connections ?? 4, log: options.log });
  const adapter = new PrismaPg(pool, {
    onConnectionError: (error) => {
      options.log.warn({ error: error.message }, 'inventory connection lost');
    },
  });
  const prisma = new PrismaClient({ adapter, errorFormat: 'minimal' });
  return {
    ...assemble(prisma, readerOf(pool)),
    async close() {
      await prisma.$disconnect();
      await pool.end();
    },
  };
}

const assemble = (prisma: PrismaClient, reader: Reader) => ({
  sites: siteInventory(prisma),
  nodes: nodeInventory(reader),
  machines: machineInventory(reader),
  packs: packInventory(prisma),
  deployments: deploymentInventory(reader),
  plans: planInventory(prisma),
  runs: runInventory(prisma),
  nodeRoles: nodeRoleInventory(reader),
  attempts: attemptInventory(prisma, reader),
  logs: logInventory(prisma),
  events: eventInventory(reader),
  tokens: tokenInventory(prisma, reader),
  namedSecrets: namedSecretInventory(prisma),
  audit: auditInventory(prisma),
  statistics: statisticsInventory(prisma),
});
