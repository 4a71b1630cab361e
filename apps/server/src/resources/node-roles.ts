import {
  retryNodeRole,
  requireVersion,
  skipNodeRole,
  type DeploymentRecord,
  type NodeRoleRecord,
  type Transaction,
  type VersionedTag,
} from '@formwork/db';
import { routes } from '@formwork/api';
import { ownReasons } from '@formwork/workflows';
import type { ServerDeps } from '../deps.ts';
import { audit } from '../http/audit.ts';
import { encodeCursor, pageBody, pageRequest } from '../http/cursor.ts';
import type { Handlers } from '../http/handler.ts';
import { notFound } from '../http/problems.ts';
import { createEncodedItems } from '../http/encoded-items.ts';
import { createKeptAnswers } from '../http/kept-answers.ts';
import type { Explanations } from './explanations.ts';
import { findDeployment, findLiving } from './find-deployment.ts';
import { createNodeRolePages } from './node-role-pages.ts';
import { toAttemptResponse, toNodeRoleResponse } from './node-role-response.ts';
import { whyChain } from './why.ts';

type Operations = 'listNodeRoles' | 'getNodeRole' | 'retryNodeRole' | 'skipNodeRole' | 'whyNodeRole' | 'listAttempts';

export function nodeRoleHandlers(
  deps: ServerDeps & { readonly explanations: Explanations },
): Pick<Handlers, Operations> {
  const { db, inventory, explanations } = deps;
  const pages = createNodeRolePages(deps);
  const encoded = createEncodedItems('listNodeRoles', routes.listNodeRoles);
  const keptPages = createKeptAnswers();
  const find = async (deployment: DeploymentRecord, idOrKey: string): Promise<NodeRoleRecord> => {
    const row = await inventory.nodeRoles.find(deployment.id, idOrKey);
    if (row === null) throw notFound(`node-role ${idOrKey} in deployment ${deployment.name}`);
    return row;
  };
  const describe = async (deployment: string, rows: readonly NodeRoleRecord[]) => {
    const [first] = rows;
    if (first === undefined) return [];
    const [attempts, reasons] = await Promise.all([
      inventory.attempts.latest(rows),
      explanations.of(first.deploymentId, rows),
    ]);
    return rows.map((row) =>
      toNodeRoleResponse(row, deployment, reasons.get(row.id) ?? [], attempts.get(row.id) ?? null),
    );
  };
  const answer = async (deployment: DeploymentRecord, idOrKey: string) => {
    const row = await find(deployment, idOrKey);
    const [body] = await describe(deployment.name, [row]);
    if (body === undefined) throw notFound(`node-role ${idOrKey}`);
    return { body, version: row.version };
  };
  const readOne = async (deployment: string, idOrKey: string, { id, tag }: VersionedTag) => {
    const look = await inventory.nodeRoles.look(deployment, idOrKey);
    if (look === null) return null;
    const { row, attempt } = look;
    const reasons = await explanations.of(row.deploymentId, [row]);
    const item = toNodeRoleResponse(row, deployment, reasons.get(row.id) ?? [], attempt);
    return { id, tag, version: row.version, item, stays: row.id === id && ownReasons(row) !== null };
  };
  const expectVersion = async (tx: Transaction, row: NodeRoleRecord, ifMatch: number | null): Promise<void> => {
    const sql = 'SELECT version FROM node_roles WHERE id = $1 FOR UPDATE';
    const [now] = await tx.query<{ version: number }>(sql, [row.id]);
    requireVersion(`node-role ${row.key}`, now?.version ?? 0, ifMatch);
  };
  return {
    listNodeRoles: async ({ params, query }) => {
      const asked = JSON.stringify([params.name, query]);
      const kept = query.fields === undefined ? keptPages.of(asked) : null;
      const page = await pages.of(params.name, query, kept?.basis);
      if (page === 'unchanged' && kept !== null) return kept.answer;
      if (page === null || page === 'unchanged') throw notFound(`deployment ${params.name}`);
      const next = page.next === null ? null : encodeCursor(page.next);
      const tags = new Map(page.items.map((row) => [row.id, row.tag]));
      const read = async (ids: readonly string[]) => {
        const rows = await inventory.nodeRoles.byIds(ids);
        const items = await describe(params.name, rows);
        return rows.flatMap((row, at) => {
          const item = items[at];
          if (item === undefined) return [];
          const tag = tags.get(row.id) ?? '';
          return [{ id: row.id, tag, item, stays: tag !== '' && ownReasons(row) !== null }];
        });
      };
      if (query.fields === undefined) {
        const answer = await encoded.page(page.items, next, read);
        if (answer.stays) keptPages.keep(asked, { basis: page.newestEvent, answer });
        return answer;
      }
      const made = new Map((await read([...tags.keys()])).map(({ id, item }) => [id, item]));
      return { body: { items: page.items.flatMap(({ id }) => made.get(id) ?? []), next } };
    },
    getNodeRole: async ({ params }) => {
      const { name, nodeRole } = params;
      const found = await inventory.nodeRoles.tag(name, nodeRole);
      const known = found === null ? null : await encoded.one(found, () => readOne(name, nodeRole, found));
      // What there is not, or not any more, takes more than one question.
      return known ?? answer(await findDeployment(deps, name), nodeRole);
    },
    retryNodeRole: async ({ params, caller, ifMatch }) => {
      const deployment = await findLiving(deps, params.name);
      const row = await find(deployment, params.nodeRole);
      await db.transaction(async (tx) => {
        await expectVersion(tx, row, ifMatch);
        await retryNodeRole(tx, row.id, caller.actor);
        await audit(tx, caller, 'node-role.retry', `deployment:${params.name}`, null, { nodeRole: row.key });
      });
      explanations.forget(deployment.id);
      return answer(deployment, row.id);
    },
    skipNodeRole: async ({ params, body, caller, ifMatch }) => {
      const deployment = await findLiving(deps, params.name);
      const row = await find(deployment, params.nodeRole);
      await db.transaction(async (tx) => {
        await expectVersion(tx, row, ifMatch);
        await skipNodeRole(tx, row.id, body.reason, caller.actor);
        const after = { nodeRole: row.key, reason: body.reason };
        await audit(tx, caller, 'node-role.skip', `deployment:${params.name}`, null, after);
      });
      explanations.forget(deployment.id);
      return answer(deployment, row.id);
    },
    whyNodeRole: async ({ params }) => {
      const deployment = await findDeployment(deps, params.name);
      const { body } = await answer(deployment, params.nodeRole);
      const rows = await inventory.nodeRoles.list({ deploymentId: deployment.id });
      return { body: { nodeRole: body, chain: whyChain(body.id, rows, await explanations.of(deployment.id, rows)) } };
    },
    listAttempts: async ({ params, query }) => {
      const row = await find(await findDeployment(deps, params.name), params.nodeRole);
      const page = await inventory.attempts.list({ ...pageRequest(query), nodeRoleId: row.id });
      const bytes = await inventory.attempts.logBytes(page.items.map((attempt) => attempt.id));
      return { body: pageBody(page, (attempt) => toAttemptResponse(attempt, bytes.get(attempt.id) ?? 0)) };
    },
  };
}
