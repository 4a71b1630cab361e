import { age, defineKind, type Kind, pick } from './kind.ts';

export const packs: Kind = defineKind({
  page: ({ client }, _filters, query) => client.call('listPacks', { query }),
  one: ({ client }, pack) => client.call('getPack', { params: { pack } }),
  columns: [
    { title: 'NAME', value: (pack) => pack.name },
    { title: 'VERSION', value: (pack) => pack.version },
    { title: 'ROLES', value: (pack) => String(pack.roles.length) },
    { title: 'STORED', value: (pack) => age(pack.uploadedAt) },
    { title: 'SUMMARY', value: (pack) => pack.summary },
  ],
  nameOf: (pack) => pack.name,
});

export const roles: Kind = defineKind({
  page: ({ client }, filters, query) => client.call('listRoles', { query: { ...query, ...pick(filters, 'pack') } }),
  one: ({ client }, role) => client.call('getRole', { params: { role } }),
  columns: [
    { title: 'NAME', value: (role) => role.name },
    { title: 'PACK', value: (role) => `${role.pack} ${role.packVersion}` },
    { title: 'KIND', value: (role) => role.kind },
    { title: 'PLACEMENT', value: (role) => role.placement },
    { title: 'SUMMARY', value: (role) => role.summary },
  ],
  nameOf: (role) => role.name,
});

export const workflows: Kind = defineKind({
  page: ({ client }, filters, query) => client.call('listWorkflows', { query: { ...query, ...pick(filters, 'pack') } }),
  one: ({ client }, workflow) => client.call('getWorkflow', { params: { workflow } }),
  columns: [
    { title: 'NAME', value: (workflow) => workflow.name },
    { title: 'PACK', value: (workflow) => `${workflow.pack} ${workflow.packVersion}` },
    { title: 'STAGES', value: (workflow) => workflow.stages.map((stage) => stage.name).join(' ') },
    { title: 'SUMMARY', value: (workflow) => workflow.summary },
  ],
  nameOf: (workflow) => workflow.name,
});

export const profiles: Kind = defineKind({
  page: ({ client }, filters, query) => client.call('listProfiles', { query: { ...query, ...pick(filters, 'pack') } }),
  columns: [
    { title: 'NAME', value: (profile) => profile.name },
    { title: 'PACK', value: (profile) => `${profile.pack} ${profile.packVersion}` },
    { title: 'PARAMS', value: (profile) => Object.keys(profile.params).join(' ') },
  ],
  nameOf: (profile) => profile.name,
});
