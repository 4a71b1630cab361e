import { isJsonObject, type Json, type SecretReference } from '@formwork/core';
import { requireRole } from '../auth/caller.ts';
import type { ServerDeps } from '../deps.ts';
import { audit } from '../http/audit.ts';
import type { Handlers } from '../http/handler.ts';
import { notFound } from '../http/problems.ts';
import { findDeployment } from './find-deployment.ts';

export function outputHandlers(deps: ServerDeps): Pick<Handlers, 'getOutput'> {
  const { db, inventory } = deps;
  return {
    getOutput: async ({ params, caller }) => {
      const [role = '', output = ''] = params.output.split('.');
      const deployment = await findDeployment(deps, params.name);
      const applied = await inventory.nodeRoles.applied(deployment.id, role);
      const found = applied.flatMap(({ key, node, applied: { outputs, at } }) => {
        const value = outputs[output];
        return value === undefined ? [] : [{ nodeRole: key, node, value, at: toIso(at) }];
      });
      if (found.length === 0) throw notFound(`output ${params.output} of deployment ${params.name}`);
      const secret = found.some(({ value }) => secretReference(value) !== null);
      if (!secret) return { body: { name: params.output, secret, values: found } };
      requireRole(caller, 'operator', 'reading a secret output');
      const subject = `deployment:${params.name}`;
      await db.transaction((tx) => audit(tx, caller, 'output.reveal', subject, null, { output: params.output }));
      const values = await Promise.all(
        found.map(async (one) => {
          const reference = secretReference(one.value);
          return reference === null ? one : { ...one, value: await deps.secrets.reveal(reference) };
        }),
      );
      return { body: { name: params.output, secret, values } };
    },
  };
}

function secretReference(value: Json): SecretReference | null {
  const inner = isJsonObject(value) ? value['$secret'] : undefined;
  if (!isJsonObject(inner)) return null;
  const { ref, version, digest } = inner;
  if (typeof ref !== 'string' || typeof version !== 'number') return null;
  return { $secret: { ref, version, digest: typeof digest === 'string' ? digest : '' } };
}

const toIso = (at: string): string => new Date(at).toISOString();
