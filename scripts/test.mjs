// `npm test`: everything, from a fresh clone on. Installs what is missing, runs the suites, counts, and looks for what
// was left behind. Suites that this machine cannot run are left out, with the reason.
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFileSync, chmodSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { atMost, duration, outputOf } from './run-command.mjs';
import { capabilities } from './setup/capabilities.mjs';
import { ensureDebianPackages, missingPackages } from './setup/debian-packages.mjs';
import { ensureNpmPackages, nodeProblem } from './setup/npm-packages.mjs';
import { parseTestArguments, suiteMatches } from './test/arguments.mjs';
import { watchLeftovers } from './test/leftovers.mjs';
import { runSuite } from './test/run-suite.mjs';
import { groupsOf, suites } from './test/suites.mjs';

const root = path.resolve(import.meta.dirname, '..');
const say = (line) => console.log(line);
const give = (code, line) => {
  console.error(line);
  process.exit(code);
};

const options = parseTestArguments(
  process.argv.slice(2),
  suites.map(({ name }) => name),
);
if ('problem' in options) give(2, options.problem);
if (options.list) {
  for (const { name, about } of suites) say(`${name.padEnd(32)}${about}`);
  process.exit(0);
}

const started = performance.now();
const chosen = suites.filter(
  ({ name }) => options.only.length === 0 || options.only.some((only) => suiteMatches(name, only)),
);

const wrongNode = nodeProblem();
if (wrongNode !== null) give(1, wrongNode);
const notInstalled = await ensureNpmPackages(root, say);
if (notInstalled !== null) give(1, notInstalled);
await ensureDebianPackages([...new Set(chosen.flatMap(({ packages }) => packages))], say);

const leftOut = new Map();
for (const suite of chosen) {
  const lacking = suite.capabilities.map((name) => capabilities[name]()).filter((missing) => missing !== null);
  const packages = missingPackages(suite.packages);
  if (packages.length > 0) lacking.push(`Debian packages (as root: apt-get install ${packages.join(' ')})`);
  if (lacking.length > 0) leftOut.set(suite.name, `needs ${lacking.join(', ')}`);
}
const running = chosen.filter(({ name }) => !leftOut.has(name));

for (const script of ['generate', ...(running.some(({ build }) => build) ? ['build'] : [])]) {
  const { code, output } = await outputOf('npm', ['run', '--silent', script], { cwd: root, timeoutMs: 300_000 });
  if (code !== 0) give(1, `npm run ${script} failed\n${output}`);
}

// Another user's PostgreSQL may have to pass through it.
const directory = mkdtempSync(path.join(tmpdir(), 'formwork-tests-'));
chmodSync(directory, 0o755);
const runId = randomUUID();
const leftovers = watchLeftovers({ runId, directory });
let interrupted = false;
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => (interrupted = true));

const results = [];
for (const group of groupsOf(running)) {
  if (interrupted) break;
  const run = (suite) => {
    say(`[${suite.name}] ${suite.about}`);
    const onLine = (line) => line.trim() !== '' && say(`[${suite.name}] ${line}`);
    return runSuite(suite, { root, directory, runId, filters: options.filters, onLine });
  };
  results.push(...(await atMost(2, group, run)));
}

const found = await leftovers.look();
results.push({ name: 'nothing left behind', ms: 0, ...leftoverResult(found) });
removeDirectory();

const total = (key) => results.reduce((sum, result) => sum + result[key], 0);
const columns = (name, passed, failed, skipped, time) =>
  say(
    `${name.padEnd(32)}${[passed, failed, skipped].map((value) => String(value).padStart(9)).join('')}${time.padStart(14)}`,
  );
say('');
columns('suite', 'passed', 'failed', 'skipped', 'time');
for (const { name, passed, failed, skipped, ms } of results) columns(name, passed, failed, skipped, duration(ms));
columns('all', total('passed'), total('failed'), total('skipped'), duration(performance.now() - started));
for (const [name, why] of leftOut) say(`left out: ${name}: ${why}`);
for (const { name, reasons } of results) for (const reason of reasons) say(`skipped: [${name}] ${reason}`);
for (const { name, problems } of results) for (const problem of problems) say(`FAILED: [${name}] ${problem}`);
if (process.env.FORMWORK_COUNTS !== undefined) {
  appendFileSync(process.env.FORMWORK_COUNTS, `${String(total('passed'))} ${String(total('failed'))}\n`);
}
process.exit(interrupted ? 130 : total('failed') === 0 && total('passed') > 0 ? 0 : 1);

function leftoverResult(lines) {
  const none = lines.length === 0;
  return { passed: none ? 1 : 0, failed: none ? 0 : 1, skipped: 0, reasons: [], problems: lines };
}

/** Not through a mount: what a lost mount shows is not ours to remove. */
function removeDirectory() {
  if (process.platform === 'linux' && readFileSync('/proc/self/mountinfo', 'utf8').includes(directory)) return;
  spawnSync('rm', ['-rf', directory], { stdio: 'ignore', timeout: 60_000 });
}
