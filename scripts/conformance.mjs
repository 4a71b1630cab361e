// `npm run test:conformance -- --provider local|metal|sim`: the rules of docs/provider-contract.md on one provider, or on all
// of them; a suite that this machine cannot run says what it lacks.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';

const root = path.resolve(import.meta.dirname, '..');
const providers = readdirSync(path.join(root, 'test/conformance'))
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => path.basename(name, '.test.ts'));
const { values } = parseArgs({ options: { provider: { type: 'string', multiple: true, default: [] } } });
const unknown = values.provider.filter((name) => !providers.includes(name));
if (unknown.length > 0) {
  console.error(`no conformance suite for ${unknown.join(', ')}; there are: ${providers.join(', ')}`);
  process.exit(2);
}
const chosen = values.provider.length === 0 ? providers : values.provider;
const only = chosen.flatMap((name) => ['--only', `conformance-${name}`]);
const { status } = spawnSync(process.execPath, [path.join(root, 'scripts/test.mjs'), ...only], {
  cwd: root,
  stdio: 'inherit',
});
process.exit(status ?? 1);
