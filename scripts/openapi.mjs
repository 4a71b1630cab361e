// Writes docs/openapi.json from the route table; with --check only says whether the committed file is up to date.
// Reads the sources through tsx, so it needs no build.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = `${root}docs/openapi.json`;

const printed = execFileSync(
  process.execPath,
  [
    '--conditions=formwork-source',
    '--import',
    'tsx',
    '--input-type=module',
    '--eval',
    "import { openApiDocument } from '@formwork/api'; process.stdout.write(JSON.stringify(openApiDocument(), null, 2));",
  ],
  { cwd: `${root}apps/cli`, encoding: 'utf8', timeout: 60_000, maxBuffer: 64 * 1024 * 1024 },
);
const text = `${printed}\n`;

if (process.argv.includes('--check')) {
  let committed = '';
  try {
    committed = readFileSync(file, 'utf8');
  } catch {
    // Not there is the same as not up to date.
  }
  if (committed !== text) {
    console.error('docs/openapi.json is not what the route table says; run: node scripts/openapi.mjs');
    process.exitCode = 1;
  }
} else {
  writeFileSync(file, text);
  console.log(`docs/openapi.json: ${String(Object.keys(JSON.parse(text).paths).length)} paths`);
}
