// `npm run check`: everything that can be said of the code without running it. At most two checks at once, a line for
// each, and all of what any of them found.
//   node scripts/check.mjs [--only CHECK[,CHECK...]]
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { atMost, duration, outputOf } from './run-command.mjs';
import { ensureNpmPackages, nodeProblem } from './setup/npm-packages.mjs';

const root = path.resolve(import.meta.dirname, '..');
const node = (...args) => [process.execPath, args];
/** The program of an installed package, without npx: it is there, or the check fails. */
const tool = (file, ...args) => node(path.join(root, 'node_modules', file), ...args);
const fromSource = ['--conditions=formwork-source', '--import', 'tsx'];

/** The longest first. */
const checks = {
  lint: tool('eslint/bin/eslint.js', '.', '--max-warnings', '0'),
  build: tool('typescript/bin/tsc', '-b'),
  types: tool('typescript/bin/tsc', '-p', 'tsconfig.tests.json'),
  'dead-code': tool('knip/bin/knip.js', '--no-progress', '--treat-config-hints-as-errors'),
  migrations: node(...fromSource, 'scripts/check/migrations.mjs'),
  imports: node('scripts/check/import-direction.mjs'),
  openapi: node('scripts/openapi.mjs', '--check'),
  lifecycle: node('scripts/lifecycle.mjs', '--check'),
  content: node(...fromSource, 'scripts/check/content.mjs'),
  format: tool('@biomejs/biome/bin/biome', 'format', '--colors=off', '--reporter=summary', '.'),
  'house-rules': node('scripts/check/house-rules.mjs'),
};

const { values } = parseArgs({ options: { only: { type: 'string', multiple: true, default: [] } } });
const only = values.only.flatMap((list) => list.split(','));
const unknown = only.filter((name) => !(name in checks));
const problem =
  unknown.length > 0
    ? `no check is called ${unknown.join(', ')}; there are: ${Object.keys(checks).join(', ')}`
    : (nodeProblem() ?? (await ensureNpmPackages(root, console.log)) ?? (await generate()));
if (problem !== null) {
  console.error(problem);
  process.exit(1);
}

const env = { ...process.env, NO_COLOR: '1' };
delete env.FORCE_COLOR;
const chosen = Object.entries(checks).filter(([name]) => only.length === 0 || only.includes(name));
const results = await atMost(2, chosen, async ([name, [command, args]]) => {
  const started = performance.now();
  const { code, why, output } = await outputOf(command, args, { cwd: root, env, timeoutMs: 300_000 });
  const last = output.trimEnd().split('\n').at(-1) ?? '';
  const time = duration(performance.now() - started);
  console.log(`${name.padEnd(14)}${code === 0 ? 'ok' : 'FAILED'}  ${time.padStart(6)}  ${code === 0 ? last : why}`);
  return { name, ok: code === 0, output };
});

const failed = results.filter(({ ok }) => !ok);
for (const { name, output } of failed) console.log(`\n--- ${name} ---\n${output}`);
const passed = results.length - failed.length;
console.log(
  `${String(passed)} checks hold${failed.length === 0 ? '' : `, failed: ${failed.map(({ name }) => name).join(', ')}`}`,
);
if (process.env.FORMWORK_COUNTS !== undefined) {
  appendFileSync(process.env.FORMWORK_COUNTS, `${String(passed)} ${String(failed.length)}\n`);
}
process.exit(failed.length === 0 ? 0 : 1);

async function generate() {
  const [command, args] = node('scripts/prisma-generate.mjs');
  const { code, output } = await outputOf(command, args, { cwd: root, timeoutMs: 120_000 });
  return code === 0 ? null : output;
}
