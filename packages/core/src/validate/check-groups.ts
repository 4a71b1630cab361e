import { suggest } from '../nearest.ts';
import { wantedNodes } from '../graph/wanted-nodes.ts';
import type { Problem } from '../problem.ts';
import { jsonPath } from './json-path.ts';
import type { SpecificationCheck } from './specification-context.ts';

/** Names that a specification gives or uses: workflow, profiles, groups, sites, nodes. */
export const checkGroups: SpecificationCheck = ({ spec, index, sites, groups }) => {
  const problems: Problem[] = [];
  const refuse = (code: string, path: (string | number)[], message: string, remedy?: string): void => {
    problems.push({ code, path: jsonPath(path), message, ...(remedy === undefined ? {} : { remedy }) });
  };
  if (!index.workflows.has(spec.workflow)) {
    const remedy = suggest(spec.workflow, index.workflows.keys());
    refuse('unknown-workflow', ['workflow'], `no pack has a workflow '${spec.workflow}'`, remedy);
  }
  for (const [at, profile] of spec.profiles.entries()) {
    if (index.profiles.has(profile)) continue;
    const remedy = suggest(profile, index.profiles.keys());
    refuse('unknown-profile', ['profiles', at], `no pack has a profile '${profile}'`, remedy);
  }
  const seen = new Map<string, number>();
  for (const { group, index: at, site } of groups) {
    const first = seen.get(group.name);
    if (first !== undefined) {
      refuse(
        'duplicate-name',
        ['groups', at, 'name'],
        `$.groups[${first}] is called '${group.name}' too`,
        'rename one',
      );
    }
    seen.set(group.name, first ?? at);
    if (site === null) {
      const names = sites.map((candidate) => candidate.name);
      const remedy = suggest(group.site, names) ?? 'add it with `formwork site add`';
      refuse('unknown-site', ['groups', at, 'site'], `there is no site '${group.site}'`, remedy);
    }
    const nodes = wantedNodes({ ...spec, groups: [group] }).map((node) => node.name);
    const known = new Set(nodes);
    for (const node of Object.keys(group.nodes)) {
      if (known.has(node)) continue;
      const range = nodes.length > 3 ? `its nodes are ${nodes[0] ?? ''} to ${nodes.at(-1) ?? ''}` : undefined;
      const remedy = (nodes.length > 100 ? undefined : suggest(node, nodes)) ?? range;
      refuse('unknown-node', ['groups', at, 'nodes', node], `the group '${group.name}' has no node '${node}'`, remedy);
    }
  }
  return problems;
};
