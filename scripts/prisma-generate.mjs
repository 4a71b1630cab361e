// Generates the Prisma client to packages/db/src/generated, or does nothing when it is up to date.
// Prisma 7 asks its download host for an engine that `generate` never runs; naming any existing file keeps it offline.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const schema = path.join(root, 'prisma/schema.prisma');
const output = path.join(root, 'packages/db/src/generated');
const stamp = path.join(output, 'schema.sha256');
const require = createRequire(import.meta.url);

const hash = createHash('sha256')
  .update(require('prisma/package.json').version)
  .update(readFileSync(import.meta.filename))
  .update(readFileSync(schema))
  .digest('hex');

if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) process.exit(0);
rmSync(stamp, { force: true });
const cli = require.resolve('prisma/build/index.js');
const env = {
  ...process.env,
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
  CHECKPOINT_DISABLE: '1',
};
const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'generate', '--schema', schema, '--no-hints'], {
  cwd: root,
  env,
  encoding: 'utf8',
  timeout: 120_000,
});
if (status !== 0) {
  console.error(`prisma generate failed\n${stdout}${stderr}`);
  process.exit(1);
}
// Last and by rename: a client whose generation was cut short is made again.
writeFileSync(`${stamp}.new`, hash);
renameSync(`${stamp}.new`, stamp);
console.log('generated the Prisma client');
