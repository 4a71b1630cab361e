import path from 'node:path';
import type { CpuGroup } from '../support/cpu-group.ts';
import { type Cost, summary } from '../support/measure.ts';
import { say } from '../support/report.ts';
import { generateTerraform } from './generate-terraform.ts';
import { ordinals, type Shape } from './shape.ts';
import { terraform } from './terraform.ts';

/** What takes longer than this is not repeated, seconds. */
const slowSeconds = 20;

/** A first apply, and a plan that finds nothing to do, of Terraform. */
export async function measureTerraform(
  group: CpuGroup,
  folder: string,
  shape: Shape,
  parallelism: number,
  repeat: number,
) {
  const applies: Cost[] = [];
  let place = folder;
  for (const round of ordinals(repeat)) {
    if (applies.some(({ wallSeconds }) => wallSeconds > slowSeconds)) break;
    place = path.join(folder, String(round));
    generateTerraform(place, shape);
    await terraform(group, place, 'init', '-input=false');
    const cost = await terraform(
      group,
      place,
      'apply',
      '-auto-approve',
      '-input=false',
      `-parallelism=${String(parallelism)}`,
    );
    say(`  terraform apply ${String(round)}: ${cost.wallSeconds.toFixed(1)} s, CPU ${cost.cpuSeconds.toFixed(1)} s`);
    applies.push(cost);
  }
  const plans: Cost[] = [];
  for (const round of ordinals(repeat)) {
    // Its exit code is 0 only when there is nothing to do.
    const cost = await terraform(
      group,
      place,
      'plan',
      '-detailed-exitcode',
      '-input=false',
      `-parallelism=${String(parallelism)}`,
    );
    say(`  terraform plan ${String(round)}: ${cost.wallSeconds.toFixed(2)} s, CPU ${cost.cpuSeconds.toFixed(2)} s`);
    plans.push(cost);
  }
  return { apply: summary(applies), plan: summary(plans) };
}
