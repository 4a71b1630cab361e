// Import direction by dependency-cruiser, and the guard that it really read and resolved the modules: a cruise that
// sees nothing finds no violation.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { trackedFiles } from './tracked-files.mjs';

const root = path.resolve(import.meta.dirname, '../..');
/** Fewer than this is not this repository. */
const leastModules = 300;

const json = execFileSync(
  process.execPath,
  [
    path.join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
    ...['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'packages', 'apps', 'test'],
  ],
  { cwd: root, encoding: 'utf8', timeout: 120_000, maxBuffer: 256 * 1024 * 1024 },
);
const { modules, summary } = JSON.parse(json);
const problems = summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`);

const read = new Map(modules.map((module) => [module.source, module]));
const sources = trackedFiles(root).filter((file) => /^(packages|apps|test)\/.*(?<!\.d)\.ts$/.test(file));
if (sources.length < leastModules) problems.push(`only ${String(sources.length)} modules: this is not the whole tree`);
for (const file of sources) if (!read.has(file)) problems.push(`not read: ${file}`);

for (const module of modules) {
  for (const dependency of module.dependencies) {
    if (dependency.couldNotResolve) problems.push(`not resolved: ${dependency.module}, in ${module.source}`);
  }
}

// What a package declares it imports; where no such import is seen, imports were not followed to their sources.
for (const folder of ['packages', 'apps'].flatMap((area) =>
  readdirSync(path.join(root, area)).map((name) => `${area}/${name}`),
)) {
  const { dependencies = {} } = JSON.parse(readFileSync(path.join(root, folder, 'package.json'), 'utf8'));
  const seen = new Set(
    modules
      .filter(({ source }) => source.startsWith(`${folder}/`))
      .flatMap((module) => module.dependencies.map(({ resolved }) => resolved)),
  );
  for (const name of Object.keys(dependencies).filter((dependency) => dependency.startsWith('@formwork/'))) {
    const entry = `packages/${name.slice('@formwork/'.length)}/src/index.ts`;
    if (!seen.has(entry)) problems.push(`${folder} declares ${name}, but no import of ${entry} was seen`);
  }
}

for (const problem of problems) console.error(problem);
console.log(`${String(sources.length)} modules, ${String(summary.totalDependenciesCruised)} imports`);
process.exit(problems.length === 0 ? 0 : 1);
