import type { ParamsResponse } from '@formwork/api';
import {
  type Binding,
  type Bindings,
  declaredParams,
  isJsonObject,
  type Json,
  type ParamDeclaration,
  type ParamLayer,
  resolveParams,
} from '@formwork/core';

type Param = ParamsResponse['params'][number];
type LayerValue = Param['layers'][number];

/**
 * Parameters of a node, or of everything the deployment binds when `node` is null: resolved as the engine resolves them,
 * and with `explain` every layer that sets them, lowest first. What comes out differently for some nodes or bindings
 * is listed once for each value.
 */
export function explainParams(bindings: Bindings, node: string | null, explain: boolean): ParamsResponse['params'] {
  const params = new Map<string, Param>();
  const seen = new Set<string>();
  for (const binding of bindings.all) {
    if (node !== null && binding.node?.name !== node) continue;
    const place = placeOf(binding);
    if (seen.has(place)) continue;
    seen.add(place);
    for (const param of paramsOf(bindings, binding, explain)) {
      const key = JSON.stringify([param.name, param.value, param.source]);
      const known = params.get(key);
      const readBy = [...new Set([...(known?.readBy ?? []), binding.as])];
      params.set(key, { ...param, readBy });
    }
  }
  return [...params.values()].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Bindings of one place resolve alike: those of a role in a group, but for nodes with settings of their own. */
function placeOf(binding: Binding): string {
  const { as, node } = binding;
  if (node === null) return as;
  const own = node.group.nodes[node.name];
  return `${as}@${node.group.name}/${own === undefined ? '' : node.name}`;
}

function paramsOf(bindings: Bindings, binding: Binding, explain: boolean): readonly Param[] {
  const resolved = resolveParams({
    spec: bindings.spec,
    content: bindings.index,
    site: binding.site,
    group: binding.node?.group ?? null,
    nodeName: binding.node?.name ?? null,
    role: binding.role,
    item: binding.item,
  });
  return declaredParams(bindings.index, binding.role).flatMap((declaration): readonly Param[] => {
    const found = resolved[declaration.fullName];
    if (found === undefined) return [];
    const layers = layersOf(bindings, binding, declaration);
    const { layer, name } = layers.at(-1) ?? { layer: 'default' as const, name: null };
    return [
      {
        name: declaration.fullName,
        value: shown(declaration, found.value, found.layer),
        source: { layer, name },
        layers: explain ? layers : [],
        readBy: [binding.as],
        secret: declaration.secret,
      },
    ];
  });
}

/** Every layer that has the name, in the engine's precedence. */
function layersOf(bindings: Bindings, binding: Binding, declaration: ParamDeclaration): readonly LayerValue[] {
  const { spec, index } = bindings;
  const group = binding.node?.group ?? null;
  const nodeName = binding.node?.name ?? null;
  const layers: readonly (readonly [LayerValue['layer'], string | null, ParamLayer])[] = [
    ...spec.profiles.map((name) => ['profile', name, index.profiles.get(name)?.params ?? {}] as const),
    ['site', binding.site?.name ?? null, binding.site?.params ?? {}],
    ['workflow', spec.workflow, binding.item?.params ?? {}],
    ['deployment', null, spec.params],
    ['group', group?.name ?? null, group?.params ?? {}],
    ['node', nodeName, (nodeName === null ? undefined : group?.nodes[nodeName]?.params) ?? {}],
  ];
  const set = layers.flatMap(([layer, name, params]): readonly LayerValue[] => {
    const value = Object.hasOwn(params, declaration.fullName) ? params[declaration.fullName] : undefined;
    return value === undefined ? [] : [{ layer, name, value: shown(declaration, value, layer) }];
  });
  if (declaration.default === undefined) return set;
  return [{ layer: 'default', name: null, value: shown(declaration, declaration.default, 'default') }, ...set];
}

/** A secret that stands plain in a pack or a site's layer is not shown either. */
function shown(declaration: ParamDeclaration, value: Json, where: string): Json {
  if (!declaration.secret || (isJsonObject(value) && '$secret' in value)) return value;
  return { $secret: { ref: `in ${where}` } };
}
