import { type ContentIndex, isJsonObject, type Json, type ParamLayer, type Specification } from '@formwork/core';
import type { Secrets } from '../secrets.ts';

/** How a value becomes a reference: `seal` stores it, `refer` only says what the reference will be. */
type Refer = Secrets['seal'];

/**
 * Takes secret parameter values out of a specification that is otherwise right: what is stored, compared and shown
 * holds references. The same value gives the same reference, so planning it again changes nothing.
 */
export async function sealParams(
  refer: Refer,
  index: ContentIndex,
  scope: string,
  spec: Specification,
): Promise<Specification> {
  const layer = async (params: ParamLayer, where: string): Promise<ParamLayer> => {
    const sealed: [string, Json][] = [];
    for (const [name, value] of Object.entries(params)) {
      sealed.push([name, await sealParam(refer, index, scope, where, name, value)]);
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

/** One parameter's value, as a reference where its declaration says that it is secret. `where` tells layers apart. */
export async function sealParam(
  refer: Refer,
  index: ContentIndex,
  scope: string,
  where: string,
  fullName: string,
  value: Json,
): Promise<Json> {
  if (index.params.get(fullName)?.secret !== true || isSealed(value)) return value;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const { $secret } = await refer(scope, `param ${where} ${fullName}`, text);
  return { $secret: { ref: $secret.ref, version: $secret.version, digest: $secret.digest } };
}
