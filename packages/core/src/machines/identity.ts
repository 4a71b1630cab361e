/**
 * Which machine is it? Firmware repeats UUIDs over a whole batch, fills serials with `To be filled by O.E.M.`, prints the
 * UUID in two byte orders; NICs are moved and MACs made up. So everything is cleaned first, then scored together, and a MAC
 * alone never says who somebody is.
 */
import type { MachineDmi } from './machine-facts.ts';
import type { Machine, MachineIdentity } from './machine.ts';

/** What was found of a machine, uncleaned. */
export interface RawIdentity
  extends Partial<Pick<MachineDmi, 'uuid' | 'serial' | 'boardSerial' | 'chassisSerial' | 'assetTag'>> {
  readonly macs: readonly (string | null)[];
}

/** Values that vendors leave in by the thousand, without spaces and punctuation. */
const nonsense = new Set(
  [
    'to be filled by o.e.m.',
    'default string',
    'system serial number',
    'base board serial number',
    'chassis serial number',
    'serial number',
    'not specified',
    'not applicable',
    'not available',
    'no asset tag',
    'no asset information',
    'asset tag',
    'asset-1234567890',
    'unknown',
    'undefined',
    'invalid',
    'none',
    'null',
    'n/a',
    'na',
    'empty',
    'oem',
    'o.e.m.',
    'system product name',
    '0123456789',
    '123456789',
    '1234567890',
    '012345678',
    'abcdefghij',
    'xxxxxxx',
    '........',
    '03000200-0400-0500-0006-000700080009',
    'test',
    'sample',
  ].map(squeezed),
);

function squeezed(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}

/** A serial that says something, lower case; null for what many machines share. */
export function cleanSerial(value: string | null | undefined): string | null {
  const text = (value ?? '').trim().toLowerCase();
  const core = squeezed(text);
  if (core.length < 4 || text.length > 128 || nonsense.has(core) || /^(.)\1*$/.test(core)) return null;
  return text;
}

/** `4c4c4544-0042-...`; null for what is none, all one digit, or known to be shared. */
export function cleanUuid(value: string | null | undefined): string | null {
  const digits = (value ?? '').trim().toLowerCase().replaceAll('-', '');
  if (!/^[0-9a-f]{32}$/.test(digits) || /^(.)\1*$/.test(digits) || nonsense.has(digits)) return null;
  return dashed(digits);
}

/** A unicast address, `52:54:00:77:00:01`; null for anything else. Locally administered ones are kept: virtual NICs have them. */
export function cleanMac(value: string | null | undefined): string | null {
  const digits = (value ?? '').trim().toLowerCase().replace(/[:.-]/g, '');
  if (!/^[0-9a-f]{12}$/.test(digits) || /^0*$/.test(digits)) return null;
  if ((Number.parseInt(digits.slice(0, 2), 16) & 1) === 1) return null;
  return digits.replace(/(..)(?=.)/g, '$1:');
}

/** The same UUID as the other half of the world prints it: the first three fields in the other byte order (SMBIOS 2.6). */
export function swappedUuid(uuid: string): string {
  const digits = uuid.replaceAll('-', '');
  const swap = (from: number, to: number): string => (digits.slice(from, to).match(/../g) ?? []).reverse().join('');
  return dashed(swap(0, 8) + swap(8, 12) + swap(12, 16) + digits.slice(16));
}

const dashed = (digits: string): string =>
  [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join('-');

/** A UUID however it is printed: of the two byte orders the lesser one. For looking up and comparing, not for showing. */
export function uuidKey(uuid: string): string {
  const swapped = swappedUuid(uuid);
  return swapped < uuid ? swapped : uuid;
}

export function cleanIdentity(raw: RawIdentity): MachineIdentity {
  const macs = new Set(raw.macs.flatMap((mac) => cleanMac(mac) ?? []));
  return {
    uuid: cleanUuid(raw.uuid),
    serial: cleanSerial(raw.serial),
    boardSerial: cleanSerial(raw.boardSerial),
    chassisSerial: cleanSerial(raw.chassisSerial),
    assetTag: cleanSerial(raw.assetTag),
    macs: [...macs].sort(),
  };
}

/** Both together: what the second does not say stays as it was, MACs of both. */
export function mergeIdentity(known: MachineIdentity, seen: MachineIdentity): MachineIdentity {
  return {
    uuid: seen.uuid ?? known.uuid,
    serial: seen.serial ?? known.serial,
    boardSerial: seen.boardSerial ?? known.boardSerial,
    chassisSerial: seen.chassisSerial ?? known.chassisSerial,
    assetTag: seen.assetTag ?? known.assetTag,
    macs: [...new Set([...known.macs, ...seen.macs])].sort(),
  };
}

const weights = { uuid: 40, serial: 40, boardSerial: 35, chassisSerial: 10, assetTag: 5 } as const;
/** For one MAC in common, and for each further one. */
const macWeight = 30;
const furtherMacWeight = 10;
/** A UUID, a serial or a board serial that both have and that differ speak against it. */
const contradiction = -40;
/** From this on it is the same machine. A MAC alone stays below: it takes a MAC and anything else, or a UUID or serial. */
export const sameMachineScore = 35;

/** How much speaks for the two being one machine; symmetric. 0 when nothing does. */
export function identityScore(a: MachineIdentity, b: MachineIdentity): number {
  const key = (uuid: string | null): string | null => (uuid === null ? null : uuidKey(uuid));
  const judged = [
    judge(key(a.uuid), key(b.uuid), weights.uuid, contradiction),
    judge(a.serial, b.serial, weights.serial, contradiction),
    judge(a.boardSerial, b.boardSerial, weights.boardSerial, contradiction),
    judge(a.chassisSerial, b.chassisSerial, weights.chassisSerial, 0),
    judge(a.assetTag, b.assetTag, weights.assetTag, 0),
  ];
  const theirs = new Set(b.macs);
  const shared = a.macs.filter((mac) => theirs.has(mac)).length;
  if (shared === 0 && judged.every((points) => points <= 0)) return 0;
  const byMac = shared === 0 ? 0 : macWeight + (shared - 1) * furtherMacWeight;
  return judged.reduce((sum, points) => sum + points, byMac);
}

function judge(left: string | null, right: string | null, equal: number, unequal: number): number {
  if (left === null || right === null) return 0;
  return left === right ? equal : unequal;
}

export type IdentityMatch =
  | { readonly kind: 'same'; readonly machine: Machine; readonly score: number }
  /** Nothing fits well enough; `resembles` do so in part, for a person to know. */
  | { readonly kind: 'unknown'; readonly resembles: readonly Machine[] }
  /** Several fit equally well. */
  | { readonly kind: 'ambiguous'; readonly machines: readonly Machine[] };

/**
 * The known machine that was seen. A machine of which only MACs are known (added by hand, or first seen by its DHCP
 * request) is recognised by a MAC as long as nothing speaks against it: there is nothing else to go by.
 */
export function matchIdentity(seen: MachineIdentity, known: readonly Machine[]): IdentityMatch {
  const scored = known
    .map((machine) => ({ machine, score: scoreFor(seen, machine.identity) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || (a.machine.id < b.machine.id ? -1 : 1));
  const [best, second] = scored;
  if (best === undefined || best.score < sameMachineScore) {
    return { kind: 'unknown', resembles: scored.map(({ machine }) => machine) };
  }
  if (second?.score === best.score) {
    return {
      kind: 'ambiguous',
      machines: scored.filter(({ score }) => score === best.score).map(({ machine }) => machine),
    };
  }
  return { kind: 'same', machine: best.machine, score: best.score };
}

function scoreFor(seen: MachineIdentity, known: MachineIdentity): number {
  const score = identityScore(seen, known);
  const onlyMacs = isMacOnly(known) || isMacOnly(seen);
  return onlyMacs && score >= macWeight ? score + (sameMachineScore - macWeight) : score;
}

const isMacOnly = ({ uuid, serial, boardSerial }: MachineIdentity): boolean =>
  uuid === null && serial === null && boardSerial === null;
