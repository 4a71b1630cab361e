/** Debian's own readers of the files that we render, for tests. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { RenderedFile } from '../network/rendered-file.ts';

export const lacking = (programs: readonly string[]): readonly string[] =>
  programs.filter((program) => (program.startsWith('/') ? !existsSync(program) : !inPath(program)));

const inPath = (program: string): boolean =>
  spawnSync('sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' }).status === 0;

/** Puts the files where they belong, below a directory. */
export function place(root: string, files: readonly RenderedFile[]): void {
  for (const { path: file, text, mode } of files) {
    const to = path.join(root, file);
    mkdirSync(path.dirname(to), { recursive: true });
    writeFileSync(to, text, { mode });
  }
}

/**
 * Packages unpacked into a directory, nothing installed: a service of theirs must not start on the host of a test. Null:
 * apt-get cannot fetch them.
 */
export function unpacked(directory: string, packages: readonly string[]): string | null {
  const root = path.join(directory, 'root');
  mkdirSync(root, { recursive: true });
  const fetched = spawnSync('apt-get', ['download', '-qq', ...packages], { cwd: directory, stdio: 'ignore' });
  if (fetched.status !== 0) return null;
  const archives = readdirSync(directory).filter((name) => name.endsWith('.deb'));
  for (const archive of archives) execFileSync('dpkg', ['-x', path.join(directory, archive), root]);
  return root;
}

const cloudInitPackages = [
  ...[
    'cloud-init',
    'python3-attr',
    'python3-blinker',
    'python3-certifi',
    'python3-chardet',
    'python3-charset-normalizer',
  ],
  ...[
    'python3-configobj',
    'python3-idna',
    'python3-jinja2',
    'python3-json-pointer',
    'python3-jsonpatch',
    'python3-jwt',
  ],
  ...['python3-jsonschema', 'python3-markupsafe', 'python3-netifaces', 'python3-oauthlib', 'python3-pyrsistent'],
  ...['python3-requests', 'python3-serial', 'python3-urllib3', 'python3-yaml'],
];

/** Runs cloud-init's command line; throws when it ends with an error. Null: apt-get cannot fetch it. */
export function unpackedCloudInit(directory: string): ((args: readonly string[]) => string) | null {
  const root = unpacked(directory, cloudInitPackages);
  if (root === null) return null;
  const env = {
    PYTHONPATH: path.join(root, 'usr/lib/python3/dist-packages'),
    LC_ALL: 'C.UTF-8',
    PATH: '/usr/bin:/bin',
  };
  return (args) =>
    execFileSync('/usr/bin/python3', ['-m', 'cloudinit.cmd.main', ...args], { env, encoding: 'utf8', stdio: 'pipe' });
}
