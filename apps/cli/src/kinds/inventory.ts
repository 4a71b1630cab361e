import { defineKind, deploymentOf, type Kind, pick } from './kind.ts';

const counts = (byState: Readonly<Record<string, number>>): string =>
  Object.entries(byState)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${String(count)} ${state}`)
    .join(', ');

export const nodes: Kind = defineKind({
  page: ({ client }, filters, query) =>
    client.call('listNodes', { query: { ...query, ...pick(filters, 'deployment', 'site', 'state') } }),
  one: ({ client }, node) => client.call('getNode', { params: { node } }),
  columns: [
    { title: 'NAME', value: (node) => node.name },
    {
      title: 'STATE',
      value: (node) => [node.state, node.locked ? 'locked' : '', node.lost ? 'lost' : ''].filter(Boolean).join(' '),
    },
    { title: 'SITE', value: (node) => node.site },
    { title: 'DEPLOYMENT', value: (node) => node.deployment ?? '-' },
    { title: 'ADDRESS', value: (node) => node.addresses[0]?.host ?? '-' },
    { title: 'MESSAGE', value: (node) => node.message },
  ],
  nameOf: (node) => node.name,
});

export const sites: Kind = defineKind({
  page: ({ client }, _filters, query) => client.call('listSites', { query }),
  one: ({ client }, site) => client.call('getSite', { params: { site } }),
  columns: [
    { title: 'NAME', value: (site) => site.name },
    { title: 'PROVIDER', value: (site) => site.provider },
    { title: 'CHECK', value: (site) => (site.lastCheck === null ? 'never' : site.lastCheck.ok ? 'ok' : 'not ready') },
    {
      title: 'NODES',
      value: (site) => `${String(site.nodes)}${site.maxNodes === null ? '' : `/${String(site.maxNodes)}`}`,
    },
    { title: 'PROBLEMS', value: (site) => site.problems.map(({ code, subject }) => `${code} ${subject}`).join(', ') },
  ],
  nameOf: (site) => site.name,
});

export const deployments: Kind = defineKind({
  page: ({ client }, filters, query) =>
    client.call('listDeployments', { query: { ...query, ...pick(filters, 'state') } }),
  one: ({ client }, name) => client.call('getDeployment', { params: { name } }),
  columns: [
    { title: 'NAME', value: (deployment) => deployment.name },
    { title: 'STATE', value: (deployment) => deployment.state },
    { title: 'WORKFLOW', value: (deployment) => deployment.workflow },
    { title: 'NODES', value: (deployment) => String(deployment.nodes) },
    { title: 'NODE-ROLES', value: (deployment) => counts(deployment.nodeRoles) || '-' },
    { title: 'OPEN PLAN', value: (deployment) => deployment.openPlan ?? '-' },
  ],
  nameOf: (deployment) => deployment.name,
});

export const nodeRoles: Kind = defineKind({
  page: ({ client }, filters, query) =>
    client.call('listNodeRoles', {
      params: deploymentOf(filters),
      query: { ...query, ...pick(filters, 'state', 'role', 'node') },
    }),
  one: ({ client }, nodeRole, filters) =>
    client.call('getNodeRole', { params: { ...deploymentOf(filters), nodeRole } }),
  columns: [
    { title: 'KEY', value: (nodeRole) => nodeRole.key },
    { title: 'STAGE', value: (nodeRole) => nodeRole.stage },
    { title: 'STATE', value: (nodeRole) => nodeRole.state.state },
    { title: 'ATTEMPT', value: (nodeRole) => String(nodeRole.attempt) },
    {
      title: 'WHY',
      value: (nodeRole) => (nodeRole.state.state === 'failed' ? nodeRole.state.error.message : nodeRole.sentence),
    },
  ],
  nameOf: (nodeRole) => nodeRole.key,
});
