import path from 'node:path';
import type { CpuGroup } from '../support/cpu-group.ts';
import { summary } from '../support/measure.ts';
import { say } from '../support/report.ts';
import { generateTerraform } from './generate-terraform.ts';
import { ordinals, type Shape } from './shape.ts';
import { terraform, type TerraformCost } from './terraform.ts';

/** What takes longer than this is not repeated, seconds. */
const slowSeconds = 20;

/**
 * A first apply, and a plan that finds nothing to do, of Terraform. An apply that takes longer than `enoughMs` is cut off:
 * `ended` is false then, and its cost a lower bound.
 */
export async function measureTerraform(
  group: CpuGroup,
  folder: string,
  shape: Shape,
  parallelism: number,
  repeat: number,
  enoughMs: number,
) {
  const applies: TerraformCost[] = [];
  let place = folder;
  for (const round of ordinals(repeat)) {
    if (applies.some(({ wallSeconds }) => wallSeconds > slowSeconds)) break;
    place = path.join(folder, String(round));
    generateTerraform(place, shape);
    await terraform(group, place, ['init', '-input=false']);
    const cost = await terraform(group, place, apply(parallelism), enoughMs);
    const how = cost.ended ? '' : ', not ended by then';
    say(
      `  terraform apply ${String(round)}: ${cost.wallSeconds.toFixed(1)} s, CPU ${cost.cpuSeconds.toFixed(1)} s${how}`,
    );
    applies.push(cost);
  }
  const ended = applies.every((cost) => cost.ended);
  if (!ended) {
    place = path.join(folder, 'without-chains');
    // The same resources without an order are there sooner, and with it there is nothing to change about them.
    generateTerraform(place, shape, false);
    await terraform(group, place, ['init', '-input=false']);
    await terraform(group, place, apply(parallelism));
    generateTerraform(place, shape);
  }
  const plans: TerraformCost[] = [];
  for (const round of ordinals(repeat)) {
    // Its exit code is 0 only when there is nothing to do.
    const cost = await terraform(group, place, [
      'plan',
      '-detailed-exitcode',
      '-input=false',
      `-parallelism=${String(parallelism)}`,
    ]);
    say(`  terraform plan ${String(round)}: ${cost.wallSeconds.toFixed(2)} s, CPU ${cost.cpuSeconds.toFixed(2)} s`);
    plans.push(cost);
  }
  return { apply: { ...summary(applies), ended }, plan: summary(plans) };
}

const apply = (parallelism: number): readonly string[] => [
  'apply',
  '-auto-approve',
  '-input=false',
  `-parallelism=${String(parallelism)}`,
];
