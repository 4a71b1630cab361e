import { formatDuration } from '../output/time.ts';
import { age, defineKind, deploymentOf, type Kind, pick } from './kind.ts';

export const runs: Kind = defineKind({
  page: ({ client }, filters, query) =>
    client.call('listRuns', { params: deploymentOf(filters), query: { ...query, ...pick(filters, 'state') } }),
  one: ({ client }, run) => client.call('getRun', { params: { run } }),
  columns: [
    { title: 'ID', value: (run) => run.id },
    { title: 'PURPOSE', value: (run) => run.purpose },
    { title: 'STATE', value: (run) => run.state },
    { title: 'DONE', value: (run) => `${String(run.counts.done)}/${String(run.counts.actionsToRun)}` },
    { title: 'STARTED', value: (run) => age(run.startedAt) },
    { title: 'TOOK', value: (run) => (run.durationMs === null ? '-' : formatDuration(run.durationMs)) },
    { title: 'MESSAGE', value: (run) => run.message },
  ],
  nameOf: (run) => run.id,
});

export const plans: Kind = defineKind({
  page: ({ client }, filters, query) => client.call('listPlans', { params: deploymentOf(filters), query }),
  one: ({ client }, plan, filters) => client.call('getPlan', { params: { ...deploymentOf(filters), plan } }),
  columns: [
    { title: 'ID', value: (plan) => plan.id },
    { title: 'PURPOSE', value: (plan) => plan.purpose },
    { title: 'STATUS', value: (plan) => plan.status },
    { title: 'TO RUN', value: (plan) => `${String(plan.counts.actionsToRun)}/${String(plan.counts.total)}` },
    { title: 'MADE', value: (plan) => age(plan.createdAt) },
  ],
  nameOf: (plan) => plan.id,
});

export const events: Kind = defineKind({
  page: ({ client }, filters, query) =>
    client.call('listEvents', { query: { ...query, ...pick(filters, 'deployment', 'site', 'node') } }),
  columns: [
    { title: 'ID', value: (event) => String(event.id) },
    { title: 'AT', value: (event) => age(event.at) },
    { title: 'KIND', value: (event) => event.kind },
    { title: 'OF', value: (event) => event.nodeRole ?? event.node ?? event.deployment ?? event.site ?? '-' },
    { title: 'MESSAGE', value: (event) => event.message },
  ],
  nameOf: (event) => String(event.id),
});
