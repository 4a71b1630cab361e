/** Import direction, as docs/architecture.md draws it. `npm run check` also guards that the modules were really read. */
const pkg = (name) => `^packages/${name}/`;
const only = (from, allowed) => ({
  name: `${from}-imports`,
  severity: 'error',
  from: { path: from.startsWith('apps/') ? `^${from}/src/` : `^packages/${from}/src/`, pathNot: '\\.test\\.ts$' },
  to: {
    path: '^(packages|apps)/',
    pathNot: [
      from.startsWith('apps/') ? `^${from}/` : pkg(from),
      ...allowed.map((p) => `^packages/${p}/src/index\\.ts$`),
    ],
  },
});
const sdk = (name, module, path) => ({
  name,
  severity: 'error',
  from: { path: '^(packages|apps)/', pathNot: path },
  to: { path: `node_modules/${module}` },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-is-pure',
      severity: 'error',
      from: { path: '^packages/core/src/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: ['^packages/core/src/', '^crypto$', '^node:crypto$'] },
    },
    only('core', []),
    only('api', ['core']),
    only('db', ['core']),
    only('content', ['core']),
    only('providers', ['core']),
    only('workflows', ['core', 'db', 'content', 'providers']),
    only('apps/server', ['core', 'api', 'db', 'content', 'workflows', 'providers']),
    only('apps/worker', ['core', 'api', 'db', 'content', 'workflows', 'providers']),
    only('apps/cli', ['api', 'content']),
    sdk('prisma-only-in-db', '@prisma', '^packages/db/'),
    sdk('bullmq-only-in-queue', 'bullmq', '^packages/workflows/src/queue/'),
    sdk('fastify-only-in-server', 'fastify', '^apps/server/'),
    sdk('ssh2-only-where-nodes-are-reached', 'ssh2', '^packages/(providers/src/|workflows/src/runner/)'),
    sdk('x509-only-in-executors', '@peculiar/x509', '^packages/workflows/src/executors/'),
    {
      name: 'tests-through-the-front-door',
      severity: 'error',
      from: { path: '^test/' },
      to: { path: '^(packages|apps)/', pathNot: '^packages/[^/]+/src/index\\.ts$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|generated)/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['formwork-source', 'import', 'node', 'default', 'types'],
    },
    tsConfig: { fileName: 'tsconfig.base.json' },
  },
};
