// Lints the bundled content packs as the loader does, and the examples' syntax. Reads the sources through tsx:
//   node --conditions=formwork-source --import tsx scripts/check/content.mjs
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { loadPacks, parseSpecification } from '../../packages/content/src/index.ts';

const root = path.resolve(import.meta.dirname, '../..');
const listed = (folder, only) =>
  readdirSync(path.join(root, folder), { withFileTypes: true })
    .filter(only)
    .map((entry) => path.join(root, folder, entry.name));
const packs = listed('content', (entry) => entry.isDirectory());
const examples = listed('examples', (entry) => /\.(ya?ml|json)$/.test(entry.name));

const problems = [];
const note = (file, problem) =>
  problems.push(
    `${path.relative(root, problem.file ?? file)} ${problem.path}: ${problem.message} ${problem.remedy ?? ''}`,
  );
const loaded = await loadPacks(packs);
if (!loaded.ok) for (const problem of loaded.problems) note('content', problem);
for (const file of examples) {
  const parsed = parseSpecification(readFileSync(file, 'utf8'));
  if (!parsed.ok) for (const problem of parsed.problems) note(file, problem);
}
if (packs.length === 0 || examples.length === 0) problems.push('no pack or no example was found');

for (const problem of problems) console.error(problem);
console.log(`${String(packs.length)} packs, ${String(examples.length)} examples`);
process.exit(problems.length === 0 ? 0 : 1);
