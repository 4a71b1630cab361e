/**
 * `npm run test:faults`: plays seeded rounds of faults on real processes and real nodes, one after the other, and prints
 * a line for each. Exit codes: 0 all ok, 1 something was violated, 2 wrong arguments, 130 interrupted.
 */
import { randomInt } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { type Arguments, parseArguments, usage } from './arguments.ts';
import { lacksRedis } from './cluster/lacks-redis.ts';
import { openTemplates } from './cluster/template.ts';
import { type DrawnRound, drawRounds } from './draw-rounds.ts';
import { scenariosOf } from './scenarios.ts';
import { randomOf } from './seeded.ts';

const longRounds = 200;

let options: Arguments;
try {
  options = parseArguments(process.argv.slice(2));
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`);
  process.exit(2);
}

const templates = openTemplates();
const all = scenariosOf({
  template: () => templates.template(),
  evidenceDirectory: path.resolve(import.meta.dirname, '../../.formwork/faults'),
  full: options.full || options.long,
});
const unknown = options.only.filter((name) => !all.some((scenario) => scenario.name === name));
if (unknown.length > 0 || options.list) {
  if (unknown.length > 0) console.error(`no scenario is called ${unknown.join(', ')}; there are:`);
  for (const { name } of all) console.log(name);
  process.exit(unknown.length > 0 ? 2 : 0);
}

const chosen = all.filter(({ name }) => options.only.length === 0 || options.only.includes(name));
const lacking = new Map(chosen.map((scenario) => [scenario, scenario.missing()]));
for (const [{ name }, what] of lacking) if (what !== null) console.log(`skipped: ${name} needs ${what}`);

const seed = options.seed ?? randomInt(1, 1_000_000);
const rounds = drawRounds({
  scenarios: chosen.filter((scenario) => lacking.get(scenario) === null),
  seed,
  rounds: options.rounds ?? (options.long ? longRounds : null),
  queue: lacksRedis() === null ? (options.queue ?? null) : 'postgres',
});
console.log(`seed ${seed}, ${rounds.length} rounds`);

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interruption.abort();
  });
}

let played = 0;
let failed = 0;
for (const drawn of rounds) {
  if (interruption.signal.aborted) break;
  played += 1;
  if (!(await play(drawn))) failed += 1;
}
await templates.remove();
console.log(`${played} rounds, ${failed} failed`);
const counts = process.env['FORMWORK_COUNTS'];
if (counts !== undefined) appendFileSync(counts, `${played - failed} ${failed}\n`);
process.exit(interruption.signal.aborted ? 130 : failed === 0 ? 0 : 1);

async function play({ number, scenario, seed: own, queue }: DrawnRound): Promise<boolean> {
  const notes: string[] = [];
  const beganMs = performance.now();
  const line = (result: string): void => {
    const seconds = ((performance.now() - beganMs) / 1000).toFixed(1);
    console.log(
      `${number}/${rounds.length} ${scenario.name} seed ${own} ${queue} ${seconds} s ${result} | ${notes.join('; ')}`,
    );
  };
  try {
    await scenario.run({ seed: own, random: randomOf(own), queue, note: (what) => notes.push(what) });
    line('ok');
    return true;
  } catch (error) {
    line('FAILED');
    console.log(`  ${(error instanceof Error ? error.message : String(error)).replaceAll('\n', '\n  ')}`);
    console.log(`  again: npm run test:faults -- --only ${scenario.name} --seed ${own} --rounds 1 --queue ${queue}`);
    return false;
  }
}
