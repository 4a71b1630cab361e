import type { NodeOnHost } from './node-on-host.ts';

/** A line of the book that the witness roles keep on their node. */
export interface Entry {
  readonly word: 'start' | 'end' | 'overlap';
  readonly role: string;
  readonly step: string;
  readonly attempt: string;
  readonly boot: string;
  /** By the clock that the step saw. */
  readonly seconds: number;
}

/** What really ran on a node, in order. */
export async function readBook(node: NodeOnHost): Promise<readonly Entry[]> {
  const lines = (await node.read('var/lib/witness/book')).split('\n').filter(Boolean);
  return lines.map((line) => {
    const [word = '', role = '', step = '', attempt = '', boot = '', seconds = ''] = line.split(' ');
    if (word !== 'start' && word !== 'end' && word !== 'overlap') throw new Error(`not a line of the book: ${line}`);
    return { word, role, step, attempt, boot, seconds: Number(seconds) };
  });
}

/** How often a step of an attempt was started, and whether two ran at once: what may not be. */
export function brokenRules(name: string, book: readonly Entry[]): readonly string[] {
  const found = book.filter(({ word }) => word === 'overlap').map((one) => `${name}: ${about(one)} ran beside another`);
  const starts = new Map<string, number>();
  for (const one of book.filter(({ word }) => word === 'start'))
    starts.set(about(one), (starts.get(about(one)) ?? 0) + 1);
  for (const [what, count] of starts) if (count > 1) found.push(`${name}: ${what} was started ${count} times`);
  return found;
}

const about = ({ role, step, attempt }: Entry): string => `${step} of ${role} in attempt ${attempt}`;

/** How often a step was started on the node, over all attempts. */
export const startsOf = (book: readonly Entry[], role: string, step: string): number =>
  book.filter((one) => one.word === 'start' && one.role === role && one.step === step).length;
