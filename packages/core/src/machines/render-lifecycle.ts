import { machineLifecycle, machineStates, type MachineState } from './lifecycle.ts';

const handlers = {
  keeper: "the keeper of the site's machines",
  provider: "the node's stage one",
  person: 'a person',
} as const;

/** docs/metal/lifecycle.md: the table of lifecycle.ts as a diagram and a table. Markdown, ends with a line feed. */
export function renderLifecycle(): string {
  return `${[
    '# Lifecycle of a machine',
    '',
    '<!-- Made by `node scripts/lifecycle.mjs` from packages/core/src/machines/lifecycle.ts; do not edit. -->',
    '',
    'A machine is always in one of these states, with a reason (`formwork machine show`) and a deadline. Events are what moves it;',
    'whatever is not drawn is refused. `fail` leads to `broken`, always with a reason. After `repair` and `resume`: `active` where a node',
    'runs from its disk, `discovered` where nobody approved it, else `inspecting`. A machine that may hold data of a node becomes `ready` by `cleaned` alone.',
    '',
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> discovered: seen booting',
    '  [*] --> registering: added',
    ...machineStates.flatMap(arrowsOf),
    '  retired --> [*]: removed',
    '```',
    '',
    '| state | meaning | moved on by | deadline | after it |',
    '|---|---|---|---|---|',
    ...machineStates.map(rowOf),
  ].join('\n')}\n`;
}

function arrowsOf(state: MachineState): readonly string[] {
  const labels = new Map<string, string[]>();
  for (const [event, target] of Object.entries(machineLifecycle[state].next)) {
    if (event === 'fail') continue;
    const targets = target === 'back' ? ['active', 'inspecting', 'discovered'] : [target];
    for (const to of targets) labels.set(to, [...(labels.get(to) ?? []), event]);
  }
  return [...labels].map(([to, events]) => `  ${state} --> ${to}: ${events.join(', ')}`);
}

function rowOf(state: MachineState): string {
  const { handler, deadline, reason } = machineLifecycle[state];
  const after = deadline.then === 'broken' ? `\`broken\`: ${deadline.reason}` : `reminds: ${deadline.reason}`;
  return `| \`${state}\` | ${reason} | ${handlers[handler]} | ${durationText(deadline.minutes)} | ${after} |`;
}

function durationText(minutes: number): string {
  if (minutes % (24 * 60) === 0) return minutes === 24 * 60 ? '1 day' : `${minutes / (24 * 60)} days`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`;
}
