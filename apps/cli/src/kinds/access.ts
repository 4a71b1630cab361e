import { age, defineKind, type Kind } from './kind.ts';

export const tokens: Kind = defineKind({
  page: ({ client }, _filters, query) => client.call('listTokens', { query }),
  columns: [
    { title: 'NAME', value: (token) => token.name },
    { title: 'ROLE', value: (token) => token.role },
    { title: 'SITES', value: (token) => token.scope.sites.join(' ') },
    { title: 'DEPLOYMENTS', value: (token) => token.scope.deployments.join(' ') },
    { title: 'EXPIRES', value: (token) => (token.revokedAt === null ? age(token.expiresAt) : 'revoked') },
    { title: 'LAST USED', value: (token) => age(token.lastUsedAt) },
  ],
  nameOf: (token) => token.name,
});

export const secrets: Kind = defineKind({
  page: ({ client }, _filters, query) => client.call('listSecrets', { query }),
  columns: [
    { title: 'NAME', value: (secret) => secret.name },
    { title: 'VERSION', value: (secret) => String(secret.version) },
    { title: 'SET', value: (secret) => age(secret.updatedAt) },
  ],
  nameOf: (secret) => secret.name,
});

export const audit: Kind = defineKind({
  page: ({ client }, _filters, query) => client.call('listAudit', { query }),
  columns: [
    { title: 'ID', value: (entry) => String(entry.id) },
    { title: 'AT', value: (entry) => age(entry.at) },
    { title: 'WHO', value: (entry) => entry.actor },
    { title: 'WHAT', value: (entry) => entry.action },
    { title: 'ON', value: (entry) => entry.target },
    { title: 'FROM', value: (entry) => entry.from ?? '-' },
  ],
  nameOf: (entry) => String(entry.id),
});
