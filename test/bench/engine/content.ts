import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * What a deployment of the bench is made of, per node: one `machine`, then chains of roles in three stages with a
 * barrier before the second and the third. In the second, `limited` runs in a lane of its own under `max: 20%`, and the
 * first of its chain needs `lead` of a control node; `lead` takes a lock. The third needs all leads.
 */
export interface Shape {
  /** Role names by stage, the chain of each in order. */
  readonly stages: {
    readonly prepare: readonly string[];
    readonly install: readonly string[];
    readonly finish: readonly string[];
  };
  readonly controlNodes: number;
  readonly workerNodes: number;
}

export const limited = 'limited';
export const lead = 'lead';
export const stageNames = ['machine', 'prepare', 'install', 'finish'] as const;

const chain = (letter: string, length: number): readonly string[] =>
  Array.from({ length }, (_, index) => `${letter}${String(index + 1).padStart(2, '0')}`);

/** `roles` a node, `machine` and `limited` among them; at least 5. One node in a hundred is a control node. */
export function shapeOf(nodes: number, roles: number): Shape {
  const each = Math.floor((roles - 2) / 3);
  const rest = roles - 2 - 3 * each;
  const controlNodes = Math.max(1, Math.floor(nodes / 100));
  return {
    stages: {
      prepare: chain('a', each + (rest > 0 ? 1 : 0)),
      install: chain('b', each),
      finish: chain('c', each + (rest > 1 ? 1 : 0)),
    },
    controlNodes,
    workerNodes: nodes - controlNodes,
  };
}

/** Writes the pack; answers its folder. */
export function writePack(directory: string, shape: Shape): string {
  const pack = path.join(directory, 'bench-pack');
  const put = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(pack, file)), { recursive: true });
    writeFileSync(path.join(pack, file), text);
  };
  const role = (name: string, lines: readonly string[]): void => {
    put(
      `roles/${name}/role.yaml`,
      [`summary: A step of the bench.`, ...lines, 'steps: {apply: apply.sh}', 'retry: {attempts: 1}', ''].join('\n'),
    );
    put(`roles/${name}/apply.sh`, '#!/bin/sh\nexit 0\n');
  };
  const { prepare, install, finish } = shape.stages;
  put('pack.yaml', 'name: bench\nversion: 1.0.0\nsummary: Roles of the bench.\npacks: {base: "^1"}\n');
  put(
    'workflows/bench.yaml',
    [
      'summary: Two barriers, a limit and a lock.',
      'slots: {control: {min: 1}, worker: {min: 0}}',
      'stages:',
      '  - {name: machine, nodes: {"*": [machine-ready]}}',
      `  - {name: prepare, nodes: {"*": [${prepare.join(', ')}]}}`,
      `  - {name: install, barrier: true, nodes: {"*": [${[limited, ...install].join(', ')}], control: [${lead}]}}`,
      `  - {name: finish, barrier: true, nodes: {"*": [${finish.join(', ')}]}}`,
      '',
    ].join('\n'),
  );
  const after = (names: readonly string[], index: number): string => names[index - 1] ?? 'machine-ready';
  prepare.forEach((name, index) => role(name, [`requires: [${after(prepare, index)}]`]));
  role(limited, ['requires: [machine-ready]', 'limits: {max: 20%}', 'lane: disk']);
  role(lead, [
    'requires: [machine-ready]',
    'limits: {lock: {name: election, scope: deployment}}',
    'outputs: {token: {type: string, example: bench}}',
  ]);
  install.forEach((name, index) =>
    role(name, [
      `requires: [${after(install, index)}]`,
      ...(index === 0 ? [`needs: [{role: ${lead}, from: any, outputs: [token]}]`] : []),
    ]),
  );
  finish.forEach((name, index) =>
    role(name, [
      `requires: [${after(finish, index)}]`,
      ...(index === 0 ? [`needs: [{role: ${lead}, from: all, outputs: [token]}]`] : []),
    ]),
  );
  return pack;
}

export const specificationOf = (name: string, shape: Shape): object => {
  const machine = { site: 'bench', image: 'debian-12', size: 'small' };
  return {
    name,
    workflow: 'bench',
    groups: [
      { name: 'control', roles: ['control'], count: shape.controlNodes, ...machine },
      ...(shape.workerNodes === 0 ? [] : [{ name: 'worker', roles: ['worker'], count: shape.workerNodes, ...machine }]),
    ],
  };
};
