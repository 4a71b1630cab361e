import { type ContentIndex, isJsonObject, type Json, type ParamLayer, type Specification } from '@formwork/core';
import type { Secrets } from '../secrets.ts';

/**
 * Takes secret parameter values out of a specification that is otherwise right: what is stored, compared and shown
 * holds references. The same value gives the same reference, so planning it again changes nothing.
 */
export async function sealParams(
  secrets: Secrets,
  index: ContentIndex,
  scope: string,
  spec: Specification,
): Promise<Specification> {
  const layer = async (params: ParamLayer, where: string): Promise<ParamLayer> => {
    const sealed: [string, Json][] = [];
    for (const [name, value] of Object.entries(params)) {
      const secret = index.params.get(name)?.secret === true && !isSealed(value);
      sealed.push([name, secret ? await seal(secrets, scope, `${where} ${name}`, value) : value]);
    }
    return Object.fromEntries(sealed);
  };
  const groups = [];
  for (const group of spec.groups) {
    const nodes: [string, (typeof group.nodes)[string]][] = [];
    for (const [name, node] of Object.entries(group.nodes)) {
      nodes.push([name, { ...node, params: await layer(node.params, `node ${name}`) }]);
    }
    groups.push({
      ...group,
      params: await layer(group.params, `group ${group.name}`),
      nodes: Object.fromEntries(nodes),
    });
  }
  return { ...spec, params: await layer(spec.params, 'deployment'), groups };
}

const isSealed = (value: Json): boolean => isJsonObject(value) && isJsonObject(value['$secret']);

async function seal(secrets: Secrets, scope: string, name: string, value: Json): Promise<Json> {
  const { $secret } = await secrets.seal(
    scope,
    `param ${name}`,
    typeof value === 'string' ? value : JSON.stringify(value),
  );
  return { $secret: { ref: $secret.ref, version: $secret.version, digest: $secret.digest } };
}
