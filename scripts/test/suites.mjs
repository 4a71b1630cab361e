// The suites of `npm test`, in the order they run. Each is one vitest project (vitest.config.ts says which files).

/**
 * @typedef {object} Suite
 * @property {string} name The vitest project.
 * @property {string} about
 * @property {readonly ('root' | 'namespaces')[]} capabilities Of the machine; without one the suite is left out.
 * @property {readonly ('redis' | 'sshd' | 'machines')[]} packages Groups of Debian packages; likewise.
 * @property {boolean} build Whether it starts the built programs.
 * @property {boolean} alone False: may run beside one other suite that says so, too.
 * @property {number} workers Test files at once.
 * @property {number} limitMs
 */

const minutes = (count) => count * 60_000;
const plain = { capabilities: [], packages: [], build: false, alone: false, workers: 1 };
const realMachines = { ...plain, capabilities: ['root', 'namespaces'], packages: ['machines'], alone: true };

/** @type {readonly Suite[]} */
export const suites = [
  { ...plain, name: 'unit', about: 'units and properties', alone: true, workers: 2, limitMs: minutes(6) },
  { ...plain, name: 'integration-postgres', about: 'the engine, queue on Postgres', limitMs: minutes(8) },
  {
    ...plain,
    name: 'integration-redis',
    about: 'the engine, queue on Redis',
    packages: ['redis'],
    limitMs: minutes(8),
  },
  {
    ...plain,
    name: 'sshd',
    about: 'the script runner against a real sshd',
    capabilities: ['root', 'namespaces'],
    packages: ['sshd'],
    limitMs: minutes(6),
  },
  { ...plain, name: 'conformance-sim', about: 'the provider contract, simulated', limitMs: minutes(5) },
  { ...realMachines, name: 'conformance-local', about: 'the provider contract, real machines', limitMs: minutes(8) },
  { ...realMachines, name: 'e2e', about: 'the product on real machines', build: true, limitMs: minutes(20) },
];

/**
 * Suites that run together: neighbours that may run beside another share a group.
 * @param {readonly Suite[]} chosen
 * @returns {readonly (readonly Suite[])[]}
 */
export function groupsOf(chosen) {
  const groups = [];
  for (const suite of chosen) {
    const last = groups.at(-1);
    if (last !== undefined && !suite.alone && !last[0].alone) last.push(suite);
    else groups.push([suite]);
  }
  return groups;
}
