// Rules of the house that no other tool holds: sizes and names of files, and ways around the tools.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { trackedFiles } from './tracked-files.mjs';

const root = path.resolve(import.meta.dirname, '../..');
const mostLines = 400;
const mostMedianLines = 100;
const vague = /(^|-)(utils?|helpers?|common|misc|types|manager)$/;
const kebabCase = /^[a-z0-9]+(-[a-z0-9]+)*$/;
const code = /\.(ts|mjs|cjs|js|sh)$/;
const isTest = (file) => file.endsWith('.test.ts');

/** Written in pieces, so that this file does not find itself. */
const waysAround = [
  [`eslint-${'disable'}`, 'fix what the linter says'],
  [`@ts-${'ignore'}`, 'fix the types'],
  [`@ts-${'nocheck'}`, 'fix the types'],
  [`@ts-expect-${'error'}`, 'fix the types'],
  [`biome-${'ignore'}`, 'let it be formatted'],
  [`v8 ${'ignore'}`, 'test it'],
];
const testsLeftOut = /\b(?:it|test|describe|suite|bench)(?:\.\w+)*\.(only|skip|todo|fails)\b/;

const problems = [];
const sizes = [];
for (const file of trackedFiles(root).filter((name) => code.test(name))) {
  const text = readFileSync(path.join(root, file), 'utf8');
  const lines = text.split('\n');
  const count = lines.length - (text.endsWith('\n') ? 1 : 0);
  if (file.endsWith('.ts') && !isTest(file)) sizes.push(count);
  if (count > mostLines) problems.push(`${file}: ${String(count)} lines, more than ${String(mostLines)}`);

  const parts = file.split('/').filter((part) => !part.startsWith('.'));
  for (const part of parts.map((name) => name.replace(/(\.(test|config))?\.[a-z]+$/, ''))) {
    if (vague.test(part)) problems.push(`${file}: "${part}" says nothing; name it after the one thing it holds`);
    else if (!kebabCase.test(part)) problems.push(`${file}: "${part}" is not kebab-case`);
  }
  for (const [index, line] of lines.entries()) {
    const place = `${file}:${String(index + 1)}`;
    for (const [what, remedy] of waysAround) if (line.includes(what)) problems.push(`${place}: ${what}; ${remedy}`);
    const left = isTest(file) ? testsLeftOut.exec(line) : null;
    if (left !== null) problems.push(`${place}: .${left[1]}; a test runs, or is not there`);
    if (/^export (\*|default)/.test(line) && /^(packages|apps)\//.test(file))
      problems.push(`${place}: name what you export`);
    if (/\.\.\/shared\b/.test(line)) problems.push(`${place}: nothing outside of the repository may be needed`);
  }
}
sizes.sort((a, b) => a - b);
const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
if (sizes.length === 0) problems.push('no source file was found');
if (median >= mostMedianLines) problems.push(`the median file has ${String(median)} lines`);

for (const problem of problems) console.error(problem);
console.log(`${String(sizes.length)} source files, median ${String(median)} lines, longest ${String(sizes.at(-1))}`);
process.exit(problems.length === 0 ? 0 : 1);
