import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ordinals, padded, type Shape } from './shape.ts';

/**
 * Writes a configuration of the same shape: `terraform_data` has no provider to call and nothing to do. `isOrdered`
 * false leaves out what orders it.
 */
export function generateTerraform(folder: string, { chains, length }: Shape, isOrdered = true): void {
  const resources = ordinals(chains).flatMap((chain) =>
    ordinals(length).map((step) => {
      const name = (ordinal: number): string => `chain_${padded(chain)}_${padded(ordinal)}`;
      const needs = step === 1 || !isOrdered ? {} : { depends_on: [`terraform_data.${name(step - 1)}`] };
      return [name(step), { input: step, ...needs }] as const;
    }),
  );
  mkdirSync(folder, { recursive: true });
  const text = JSON.stringify({ resource: { terraform_data: Object.fromEntries(resources) } });
  writeFileSync(path.join(folder, 'main.tf.json'), text);
  writeFileSync(path.join(folder, 'empty.tfrc'), '');
}
