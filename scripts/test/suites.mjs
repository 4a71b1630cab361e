// The suites of `npm test`, in the order they run. Each is one vitest project, or a part of it.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/**
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} project Of vitest.config.ts.
 * @property {'all' | 'on-machines' | 'no-machines'} files Of the project: those that make real machines, or the others.
 * @property {string} about
 * @property {readonly ('root' | 'namespaces')[]} capabilities Of the machine; without one the suite is left out.
 * @property {readonly ('redis' | 'keys' | 'sshd' | 'machines' | 'bmc' | 'agent' | 'metal')[]} packages Groups of Debian packages; likewise.
 * @property {boolean} build Whether it starts the built programs.
 * @property {boolean} alone False: may run beside one other suite that says so, too.
 * @property {number} workers Test files at once.
 * @property {number} limitMs
 */

const minutes = (count) => count * 60_000;
const plain = { files: 'all', capabilities: [], packages: [], build: false, alone: false, workers: 1 };
const onMachines = { ...plain, capabilities: ['root', 'namespaces'], packages: ['machines'], alone: true };

/** @param {'postgres' | 'redis'} queue */
const integration = (queue) => ({
  name: `integration-${queue}`,
  project: `integration-${queue}`,
  about: `the engine, queue on ${queue}`,
  ...plain,
  files: 'no-machines',
  packages: queue === 'redis' ? ['redis'] : [],
  limitMs: minutes(8),
});

/** Each queue has bridges and networks of its own: side by side. */
const integrationOnMachines = (queue) => ({
  name: `integration-${queue}-machines`,
  project: `integration-${queue}`,
  about: `the engine on real machines, queue on ${queue}`,
  ...onMachines,
  files: 'on-machines',
  packages: queue === 'redis' ? ['machines', 'redis'] : ['machines'],
  build: true,
  alone: false,
  limitMs: minutes(8),
});

/** @type {readonly Suite[]} */
export const suites = [
  {
    ...plain,
    name: 'unit',
    about: 'units and properties',
    packages: ['keys', 'bmc', 'agent'],
    alone: true,
    workers: 2,
    limitMs: minutes(10),
  },
  integration('postgres'),
  integration('redis'),
  {
    ...plain,
    name: 'sshd',
    about: 'the script runner against a real sshd',
    capabilities: ['root', 'namespaces'],
    packages: ['sshd'],
    limitMs: minutes(6),
  },
  { ...plain, name: 'conformance-sim', about: 'the provider contract, simulated', limitMs: minutes(5) },
  { ...onMachines, name: 'conformance-local', about: 'the provider contract, real machines', limitMs: minutes(8) },
  {
    ...onMachines,
    name: 'conformance-metal',
    about: 'the provider contract, emulated BMCs, real systems',
    limitMs: minutes(10),
  },
  integrationOnMachines('postgres'),
  integrationOnMachines('redis'),
  {
    ...onMachines,
    name: 'metal',
    about: 'DHCP, TFTP, boot and BMC against real clients and firmware',
    packages: ['metal'],
    build: true,
    limitMs: minutes(16),
  },
  { ...onMachines, name: 'e2e', about: 'the product on real machines', build: true, limitMs: minutes(15) },
].map((suite) => ({ project: suite.name, ...suite }));

/** Test files of test/integration that make real machines, seen by what they call. */
function filesOnMachines(root) {
  const folder = path.join(root, 'test/integration');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) => readFileSync(path.join(folder, name), 'utf8').includes('addLocalNodes('))
    .map((name) => `test/integration/${name}`);
}

/**
 * What vitest is told of a suite's files. Null: none of them is asked for.
 * @param {Suite} suite
 * @param {{ root: string, filters: readonly string[] }} options
 * @returns {readonly string[] | null}
 */
export function fileArguments({ files }, { root, filters }) {
  if (files === 'all') return filters;
  const machines = filesOnMachines(root);
  if (files === 'no-machines') return [...machines.map((file) => `--exclude=${file}`), ...filters];
  const asked = machines.filter((file) => filters.length === 0 || filters.some((filter) => file.includes(filter)));
  return asked.length === 0 ? null : asked;
}

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
