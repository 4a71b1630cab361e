import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ordinals, padded } from './shape.ts';

/** A pack holds at most 2,000 files; a role is two. */
const rolesInPack = 500;

/** A stage lists at most 200 roles. */
const rolesInStage = 200;

/** Versions of the pack with the workflow: machines alone, then the chain on them. */
export const versionsOf = { bare: '1.0.0', chain: '2.0.0' } as const;

/**
 * Writes packs with `length` roles, each requiring the one before it, and a pack with the workflow, in two versions; all
 * named after `name`. Answers their folders in the order they have to be uploaded.
 */
export function generatePacks(folder: string, name: string, length: number): readonly string[] {
  const role = (ordinal: number): string => `${name}-${padded(ordinal)}`;
  const part = (index: number): string => `${name}-part-${padded(index)}`;
  const parts = ordinals(Math.ceil(length / rolesInPack));
  const folders = parts.map((index) => {
    const place = path.join(folder, part(index));
    writePack(place, part(index), '1.0.0', parts.slice(0, index - 1).map(part));
    const first = (index - 1) * rolesInPack;
    for (const ordinal of ordinals(Math.min(rolesInPack, length - first)).map((one) => first + one)) {
      const before = ordinal === 1 ? 'machine-ready' : role(ordinal - 1);
      write(
        path.join(place, 'roles', role(ordinal), 'role.yaml'),
        `summary: Step ${String(ordinal)} of a chain.\nrequires: [${before}]\nsteps: {apply: apply.sh}\n`,
      );
      write(path.join(place, 'roles', role(ordinal), 'apply.sh'), `#!/bin/sh\n: step ${String(ordinal)}\n`);
    }
    return place;
  });
  const stages = ordinals(Math.ceil(length / rolesInStage)).map((index) => {
    const roles = ordinals(length).slice((index - 1) * rolesInStage, index * rolesInStage);
    return `  - {name: chain-${padded(index)}, nodes: {host: [${roles.map(role).join(', ')}]}}\n`;
  });
  const workflows = (['bare', 'chain'] as const).map((which) => {
    const place = path.join(folder, which);
    writePack(place, name, versionsOf[which], which === 'bare' ? [] : parts.map(part));
    write(
      path.join(place, 'workflows', `${name}.yaml`),
      `summary: Machines, and a chain of steps on each.\nslots: {host: {}}\nstages:\n` +
        `  - {name: machine, nodes: {"*": [machine-ready]}}\n${which === 'bare' ? '' : stages.join('')}`,
    );
    return place;
  });
  return [...folders, ...workflows];
}

function writePack(folder: string, name: string, version: string, needs: readonly string[]): void {
  const packs = ['base', ...needs].map((one) => `${one}: "^1"`).join(', ');
  write(
    path.join(folder, 'pack.yaml'),
    `name: ${name}\nversion: ${version}\nsummary: Made by a bench.\npacks: {${packs}}\n`,
  );
}

function write(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, text);
}
