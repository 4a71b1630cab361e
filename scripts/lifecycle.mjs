// Writes docs/metal/lifecycle.md from the state table of machines; with --check only says whether the committed file is up
// to date. Reads the sources through tsx, so it needs no build.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = `${root}docs/metal/lifecycle.md`;
const text = execFileSync(
  process.execPath,
  [
    '--conditions=formwork-source',
    '--import',
    'tsx',
    '--input-type=module',
    '--eval',
    "import { renderLifecycle } from '@formwork/core'; process.stdout.write(renderLifecycle());",
  ],
  { cwd: `${root}packages/db`, encoding: 'utf8', timeout: 60_000 },
);

if (!process.argv.includes('--check')) {
  writeFileSync(file, text);
  console.log('docs/metal/lifecycle.md written');
} else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) {
  console.error('docs/metal/lifecycle.md is not what the state table says; run: node scripts/lifecycle.mjs');
  process.exitCode = 1;
}
