import type { SiteView } from '../actual.ts';
import { wantedNodes } from '../graph/wanted-nodes.ts';
import type { Catalogue, SizeRequest } from '../machine.ts';
import { suggest } from '../nearest.ts';
import type { Problem } from '../problem.ts';
import type { BoundGroup, SpecificationCheck, SpecificationContext } from './specification-context.ts';

/** Images, sizes, capabilities and numbers of nodes against what each site was last seen to offer. */
export const checkMachines: SpecificationCheck = (context) => [
  ...context.groups.flatMap((bound) => {
    const catalogue = bound.site?.catalogue ?? null;
    if (bound.site === null || catalogue === null) return [];
    return [
      ...image(bound, bound.site, catalogue),
      ...size(bound, bound.site, catalogue),
      ...capabilities(bound, bound.site, catalogue),
    ];
  }),
  ...numbers(context),
];

function image({ group, index }: BoundGroup, site: SiteView, { images }: Catalogue): Problem[] {
  if (group.image === null) return [];
  const path = `$.groups[${index}].image`;
  const found = images.filter((candidate) => candidate.name === group.image);
  if (found.length === 0) {
    const remedy = suggest(
      group.image,
      images.map((candidate) => candidate.name),
    );
    const message = `the site '${site.name}' has no image '${group.image}'`;
    return [{ code: 'unknown-image', path, message, ...(remedy === undefined ? {} : { remedy }) }];
  }
  const arch = typeof group.size === 'object' ? group.size?.arch : undefined;
  if (arch === undefined || found.some((candidate) => candidate.arch === arch)) return [];
  const offered = found.map((candidate) => candidate.arch).join(', ');
  const message = `the image '${group.image}' of the site '${site.name}' is not for ${arch}`;
  return [{ code: 'unknown-image', path, message, remedy: `it is for ${offered}` }];
}

function size({ group, index }: BoundGroup, site: SiteView, { sizes, custom }: Catalogue): Problem[] {
  const wanted = group.size;
  const path = `$.groups[${index}].size`;
  if (wanted === null) return [];
  if (typeof wanted === 'string') {
    if (sizes.some((candidate) => candidate.name === wanted)) return [];
    const remedy =
      suggest(
        wanted,
        sizes.map((candidate) => candidate.name),
      ) ?? 'ask by quantities: {cpus: 2, memoryGiB: 4}';
    return [{ code: 'unknown-size', path, message: `the site '${site.name}' has no size '${wanted}'`, remedy }];
  }
  const named = sizes.map((one) => ({ cpus: one.cpus, memoryGib: one.memoryGib, diskGib: one.diskGib ?? Infinity }));
  const bounds =
    custom === null
      ? named
      : [...named, { cpus: custom.maxCpus, memoryGib: custom.maxMemoryGib, diskGib: custom.maxDiskGib }];
  if (bounds.length === 0 || bounds.some((bound) => fits(wanted, bound))) return [];
  const most = (key: 'cpus' | 'memoryGib' | 'diskGib'): string => {
    const value = Math.max(...bounds.map((bound) => bound[key]));
    return value === Infinity ? 'any' : String(value);
  };
  return [
    {
      code: 'unknown-size',
      path,
      message: `the site '${site.name}' has no machine as large as that`,
      remedy: `it offers at most ${most('cpus')} cpus, ${most('memoryGib')} GiB of memory and ${most('diskGib')} GiB of disk`,
    },
  ];
}

const fits = (wanted: SizeRequest, bound: { cpus: number; memoryGib: number; diskGib: number }): boolean =>
  (wanted.cpus ?? 0) <= bound.cpus &&
  (wanted.memoryGib ?? 0) <= bound.memoryGib &&
  (wanted.diskGib ?? 0) <= bound.diskGib;

function capabilities({ group, index }: BoundGroup, site: SiteView, catalogue: Catalogue): Problem[] {
  return group.capabilities.flatMap((capability, at) => {
    if (catalogue.capabilities.includes(capability)) return [];
    const remedy = suggest(capability, catalogue.capabilities);
    const message = `nodes of the site '${site.name}' cannot have the capability '${capability}'`;
    return [
      {
        code: 'unknown-capability',
        path: `$.groups[${index}].capabilities[${at}]`,
        message,
        ...(remedy === undefined ? {} : { remedy }),
      },
    ];
  });
}

function numbers({ spec, groups, actual }: SpecificationContext): Problem[] {
  const there = new Set((actual?.nodes ?? []).map((node) => node.name));
  return [...new Set(groups.map(({ group }) => group.site))].flatMap((name) => {
    const members = groups.filter(({ group }) => group.site === name);
    const last = members.at(-1);
    const site = last?.site ?? null;
    if (last === undefined || site === null) return [];
    const path = `$.groups[${last.index}].count`;
    const nodes = wantedNodes({ ...spec, groups: members.map(({ group }) => group) });
    const fresh = nodes.filter((node) => !there.has(node.name)).length;
    const { nodes: quota, used } = site.catalogue?.quota ?? { nodes: null, used: 0 };
    const problems: Problem[] = [];
    if (site.maxNodes !== null && nodes.length > site.maxNodes) {
      problems.push({
        code: 'site-limit',
        path,
        message: `${nodes.length} nodes are asked of the site '${site.name}', which takes at most ${site.maxNodes}`,
        remedy: 'lower the count, or raise maxNodes of the site',
      });
    }
    if (quota !== null && fresh > Math.max(0, quota - used)) {
      problems.push({
        code: 'quota',
        path,
        message: `${fresh} new nodes are asked of the site '${site.name}', which has room for ${Math.max(0, quota - used)} (${used} of ${quota} used)`,
        remedy: 'lower the count, free nodes there, or raise the quota',
      });
    }
    return problems;
  });
}
