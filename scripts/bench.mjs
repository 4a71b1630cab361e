// `node scripts/bench.mjs <name> -- args`: runs test/bench/<name>/main.ts against the built programs. Installs what is
// missing and builds, as scripts/test.mjs does. stdout is the bench's alone: one JSON object.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { outputOf } from './run-command.mjs';
import { ensureDebianPackages, missingPackages } from './setup/debian-packages.mjs';
import { ensureNpmPackages, nodeProblem } from './setup/npm-packages.mjs';

const root = path.resolve(import.meta.dirname, '..');
const say = (line) => console.error(line);
const give = (line) => {
  say(line);
  process.exit(1);
};

const [name = '', ...rest] = process.argv.slice(2);
const args = rest[0] === '--' ? rest.slice(1) : rest;
const main = path.join('test/bench', name, 'main.ts');
if (!/^[a-z-]+$/.test(name) || !existsSync(path.join(root, main))) give(`there is no bench "${name}" in test/bench`);

/** Groups of Debian packages by bench; the others need none. */
const packagesOf = { 'versus-ansible': ['machines', 'ansible'], dhcp: ['dhcp-bench'], tftp: ['tftp-bench'] };
const packages = [...(packagesOf[name] ?? []), ...(args.includes('--redis') ? ['redis'] : [])];

const problem = nodeProblem() ?? (await ensureNpmPackages(root, say));
if (problem !== null) give(problem);
await ensureDebianPackages(packages, say);
const missing = missingPackages(packages);
if (missing.length > 0) give(`as root: apt-get install ${missing.join(' ')}`);
const { code, output } = await outputOf('npm', ['run', '--silent', 'build'], { cwd: root, timeoutMs: 300_000 });
if (code !== 0) give(`npm run build failed\n${output}`);

const child = spawn(process.execPath, ['--conditions=formwork-source', '--import', 'tsx', main, ...args], {
  cwd: root,
  stdio: 'inherit',
});
// Ctrl-C reaches it by itself; it cleans up and ends.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (status) => process.exit(status ?? 1));
