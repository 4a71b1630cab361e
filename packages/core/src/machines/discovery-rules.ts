/** What becomes of an unknown machine by its facts: the first rule that fits names and labels it, and may approve it. */
import type { Machine } from './machine.ts';
import type { MachineFacts } from './machine-facts.ts';

export interface DiscoveryRule {
  /**
   * All must fit. A path leads into the facts (`dmi.manufacturer`, `memoryMiB`, `nics[].mac`: any of the list) or is
   * `subnet`. A value is equal to it (text: whatever the case), begins with what stands before `*`, or lies in a range.
   */
  readonly match: Readonly<Record<string, FactPattern>>;
  /** May hold `{serial}`, `{mac}`, `{uuid}`, `{assetTag}`, `{product}` and `{number}`; null keeps the name. */
  readonly name: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly approve: boolean;
}

export type FactPattern =
  | string
  | number
  | boolean
  | null
  | { readonly min?: number | undefined; readonly max?: number | undefined };

export interface RuleOutcome {
  /** Index of the rule that fitted; null when none did. */
  readonly rule: number | null;
  /** Without `{number}`, which the store fills in; null keeps the name. */
  readonly name: string | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly approve: boolean;
}

/** Approval is what a person does, unless a rule says otherwise. */
export function applyRules(
  rules: readonly DiscoveryRule[],
  machine: Pick<Machine, 'identity' | 'subnet'>,
  facts: MachineFacts,
): RuleOutcome {
  const index = rules.findIndex(({ match }) =>
    Object.entries(match).every(([path, pattern]) =>
      (path === 'subnet' ? [machine.subnet] : valuesAt(facts, path)).some((value) => fits(value, pattern)),
    ),
  );
  const rule = rules[index];
  if (rule === undefined) return { rule: null, name: null, labels: {}, approve: false };
  const { identity } = machine;
  const words: Readonly<Record<string, string | null>> = {
    serial: identity.serial,
    uuid: identity.uuid,
    assetTag: identity.assetTag,
    mac: facts.boot.mac ?? identity.macs[0] ?? null,
    product: facts.dmi.product,
  };
  return { rule: index, name: named(rule.name, words), labels: rule.labels, approve: rule.approve };
}

/** Null when a word of the name is not known: half a name is none. */
function named(template: string | null, words: Readonly<Record<string, string | null>>): string | null {
  if (template === null) return null;
  const wanted = [...template.matchAll(/\{(\w+)\}/g)].map(([, word = '']) => word).filter((word) => word !== 'number');
  if (wanted.some((word) => (words[word] ?? null) === null)) return null;
  const text = template.replace(/\{(\w+)\}/g, (whole, word: string) =>
    word === 'number' ? whole : nameText(words[word] ?? ''),
  );
  return text === '' ? null : text;
}

/** As it may stand in a machine's name. */
const nameText = (value: string): string =>
  value
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');

function valuesAt(facts: MachineFacts, path: string): readonly unknown[] {
  let values: readonly unknown[] = [facts];
  for (const step of path.split('.')) {
    const name = step.replace(/\[\]$/, '');
    values = values.flatMap((value) => {
      const found = fieldOf(value, name);
      return Array.isArray(found) ? (found as readonly unknown[]) : [found];
    });
  }
  return values;
}

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : null;

function fits(value: unknown, pattern: FactPattern): boolean {
  if (pattern === null || typeof pattern === 'boolean' || typeof pattern === 'number') return value === pattern;
  if (typeof pattern === 'object') {
    return typeof value === 'number' && value >= (pattern.min ?? -Infinity) && value <= (pattern.max ?? Infinity);
  }
  if (typeof value !== 'string') return false;
  const [text, wanted] = [value.trim().toLowerCase(), pattern.trim().toLowerCase()];
  return wanted.endsWith('*') ? text.startsWith(wanted.slice(0, -1)) : text === wanted;
}
