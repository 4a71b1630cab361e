import { defineConfig } from 'vitest/config';

const conditions = ['formwork-source'];
const project = (name: string, include: string[], more: object = {}) => ({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { name, include, pool: 'forks' as const, testTimeout: 30_000, hookTimeout: 120_000, ...more },
});
const minutes = (count: number) => ({
  testTimeout: count * 60_000,
  hookTimeout: count * 60_000,
  fileParallelism: false,
});
const integration = (queue: string) =>
  project(`integration-${queue}`, ['test/integration/**/*.test.ts'], {
    ...minutes(3),
    env: { FORMWORK_TEST_QUEUE: queue },
  });

/** Tests beside the code that talk to a real sshd or need Debian's programs: a machine that has them runs them. */
const onRealSshd = ['attempt', 'disk-full', 'input-frames', 'ssh-pool', 'survival'].map(
  (name) => `packages/workflows/src/runner/${name}.test.ts`,
);

/** As those, for what QEMU's firmware and the readers of what we render have to say. */
const onRealFirmware = ['http-boot/real-ipxe', 'images/discovery/real-boot', 'install/**/real-readers'].map(
  (name) => `packages/providers/src/metal/${name}.test.ts`,
);

/** scripts/test/suites.mjs says what each project needs of the machine, and in which order they run. */
export default defineConfig({
  test: {
    projects: [
      project('unit', ['packages/*/src/**/*.test.ts', 'apps/*/src/**/*.test.ts'], {
        exclude: [...onRealSshd, ...onRealFirmware, '**/node_modules/**'],
      }),
      project('sshd', onRealSshd),
      project('conformance-sim', ['test/conformance/sim.test.ts'], minutes(5)),
      project('conformance-local', ['test/conformance/local.test.ts'], minutes(5)),
      project('conformance-metal', ['test/conformance/metal.test.ts'], minutes(10)),
      integration('postgres'),
      integration('redis'),
      project('metal', ['test/metal/**/*.test.ts', ...onRealFirmware], minutes(10)),
      project('e2e', ['test/e2e/**/*.test.ts'], minutes(10)),
    ],
  },
});
