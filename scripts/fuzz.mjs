// `npm run test:fuzz -- [--packets 100000] [--seed N]`: every parser of packets, requests and reports that comes from the wire,
// fed what is none. Prints what was run; a failure prints its seed and the smallest packet that shows it.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ensureNpmPackages, nodeProblem } from './setup/npm-packages.mjs';

const root = path.resolve(import.meta.dirname, '..');
const { values } = parseArgs({
  options: { packets: { type: 'string', default: '100000' }, seed: { type: 'string' } },
});
if (!/^[1-9]\d*$/.test(values.packets)) {
  console.error(`--packets takes a number, not "${values.packets}"`);
  process.exit(2);
}
const problem = nodeProblem() ?? (await ensureNpmPackages(root, (line) => console.error(line)));
if (problem !== null) {
  console.error(problem);
  process.exit(1);
}

/** Test files whose number of packets is ours to say. */
const folder = path.join(root, 'packages/providers/src/metal');
const files = readdirSync(folder, { recursive: true })
  .map(String)
  .filter((name) => name.endsWith('.test.ts'))
  .filter((name) => /FORMWORK_FUZZ_PACKETS|fuzzSettings/.test(readFileSync(path.join(folder, name), 'utf8')))
  .map((name) => path.join('packages/providers/src/metal', name));
console.log(`${values.packets} packets for each parser in ${files.length} files`);
// A packet costs microseconds; a property of a parser may be checked several times over.
const limitMs = 120_000 + Math.ceil(Number(values.packets) / 20);
const { status } = spawnSync(
  process.execPath,
  [path.join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'unit', `--testTimeout=${limitMs}`, ...files],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      FORMWORK_FUZZ_PACKETS: values.packets,
      ...(values.seed === undefined ? {} : { FORMWORK_TEST_SEED: values.seed }),
    },
  },
);
process.exit(status ?? 1);
