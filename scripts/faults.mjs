// `npm run test:faults [-- --long]`: plays faults on real processes and nodes, see test/faults. Installs and builds what
// it needs, and looks at the end for what was left behind.
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { outputOf } from './run-command.mjs';
import { ensureDebianPackages } from './setup/debian-packages.mjs';
import { ensureNpmPackages, nodeProblem } from './setup/npm-packages.mjs';
import { watchLeftovers } from './test/leftovers.mjs';

const root = path.resolve(import.meta.dirname, '..');
const say = (line) => console.log(line);
const fail = (line) => {
  console.error(line);
  process.exit(1);
};

const wrongNode = nodeProblem();
if (wrongNode !== null) fail(wrongNode);
const notInstalled = await ensureNpmPackages(root, say);
if (notInstalled !== null) fail(notInstalled);
await ensureDebianPackages(['redis', 'machines'], say);
const { code: buildCode, output } = await outputOf('npm', ['run', '--silent', 'build'], {
  cwd: root,
  timeoutMs: 600_000,
});
if (buildCode !== 0) fail(`npm run build failed\n${output}`);

// Another user's PostgreSQL may have to pass through it.
const directory = mkdtempSync(path.join(tmpdir(), 'formwork-faults-'));
chmodSync(directory, 0o755);
const runId = randomUUID();
const leftovers = watchLeftovers({ runId, directory });
const child = spawn(
  process.execPath,
  ['--conditions=formwork-source', '--import', 'tsx', path.join(root, 'test/faults/main.ts'), ...process.argv.slice(2)],
  { cwd: root, env: { ...process.env, TMPDIR: directory, FORMWORK_TEST_RUN: runId }, stdio: 'inherit' },
);
// It ends its round first, and with it everything that the round started.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill('SIGTERM'));
const [code] = await once(child, 'exit');
const left = await leftovers.look();
for (const line of left) say(`left behind: ${line}`);
spawnSync('rm', ['-rf', '--one-file-system', directory], { stdio: 'ignore', timeout: 60_000 });
process.exit(code === 0 && left.length > 0 ? 1 : (code ?? 1));
