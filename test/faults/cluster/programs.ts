import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../../..');

/** The built programs, as `formwork up` starts them. */
export const programs = {
  database: path.join(root, 'packages/db/dist/embedded/main.js'),
  server: path.join(root, 'apps/server/dist/main.js'),
  worker: path.join(root, 'apps/worker/dist/main.js'),
} as const;

/** The worker of these tests that stops itself between claim and launch; from its source, on the built packages. */
export const stoppingWorkerArguments: readonly string[] = [
  '--import',
  'tsx',
  path.join(root, 'test/faults/stopping-worker-main.ts'),
];
