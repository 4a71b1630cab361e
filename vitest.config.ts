import { defineConfig } from 'vitest/config';

const conditions = ['formwork-source'];
const project = (name: string, include: string[], more: object = {}) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { name, include, pool: 'forks' as const, testTimeout: 30_000, hookTimeout: 120_000, ...more },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts']),
      project('conformance', ['test/conformance/**/*.test.ts'], {
        testTimeout: 300_000,
        hookTimeout: 300_000,
        fileParallelism: false,
      }),
      project('integration-postgres', ['test/integration/**/*.test.ts'], {
        env: { FORMWORK_TEST_QUEUE: 'postgres' },
        testTimeout: 180_000,
        hookTimeout: 180_000,
        fileParallelism: false,
      }),
      project('integration-redis', ['test/integration/**/*.test.ts'], {
        env: { FORMWORK_TEST_QUEUE: 'redis' },
        testTimeout: 180_000,
        hookTimeout: 180_000,
        fileParallelism: false,
      }),
      project('e2e', ['test/e2e/**/*.test.ts'], { testTimeout: 600_000, hookTimeout: 600_000, fileParallelism: false }),
    ],
  },
});
