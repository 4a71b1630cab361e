/**
 * Chooses the one disk that all hints hold for, or refuses: a wrong disk is somebody's data. The agent has the same rules in
 * shell; both are tested against ../fixtures/disk-hints.json.
 */
import type { Disk, DiskHints } from './disk-hints.ts';

export type DiskChoice =
  | { readonly ok: true; readonly disk: Disk }
  | {
      readonly ok: false;
      readonly code: 'no-disk-matches' | 'several-disks-match';
      /** Lists every disk, and why each is not the one. */
      readonly message: string;
      /** By the disk's name: the hints that do not hold for it; empty where all do. */
      readonly reasons: Readonly<Record<string, readonly (keyof DiskHints)[]>>;
    };

export function chooseDisk(disks: readonly Disk[], hints: DiskHints): DiskChoice {
  const judged = disks.map((disk) => ({ disk, misses: missesOf(disk, hints) }));
  const fitting = judged.filter(({ misses }) => misses.length === 0);
  const [only] = fitting;
  if (only !== undefined && fitting.length === 1) return { ok: true, disk: only.disk };
  const list = judged.map(({ disk, misses }) => `${describe(disk)}: ${verdict(misses)}`).join('; ');
  const wanted = wantedText(hints);
  const reasons = Object.fromEntries(judged.map(({ disk, misses }) => [disk.name, misses.map(({ hint }) => hint)]));
  if (disks.length === 0) {
    return { ok: false, code: 'no-disk-matches', message: `the machine reports no disk; wanted: ${wanted}`, reasons };
  }
  return only === undefined
    ? { ok: false, code: 'no-disk-matches', message: `no disk has ${wanted}. ${list}`, reasons }
    : {
        ok: false,
        code: 'several-disks-match',
        message: `${fitting.length} disks have ${wanted}; add a hint that only one of them fits. ${list}`,
        reasons,
      };
}

interface Miss {
  readonly hint: keyof DiskHints;
  readonly why: string;
}

function missesOf(disk: Disk, hints: DiskHints): readonly Miss[] {
  const misses: Miss[] = [];
  const check = <T extends string | number | boolean>(
    hint: keyof DiskHints,
    wanted: T | undefined,
    found: T | null,
    what: string,
    holds: (wanted: T, found: T) => boolean,
  ): void => {
    if (wanted === undefined || (found !== null && holds(wanted, found))) return;
    misses.push({ hint, why: found === null ? `its ${what} is not known` : `its ${what} is ${found}` });
  };
  check('serial', hints.serial, disk.serial, 'serial', (a, b) => folded(a) === folded(b));
  check('wwn', hints.wwn, disk.wwn, 'wwn', (a, b) => bareWwn(a) === bareWwn(b));
  check('byPath', hints.byPath, disk.byPath, 'path', (a, b) => bare(a, byPathPrefix) === bare(b, byPathPrefix));
  check('model', hints.model, disk.model, 'model', (a, b) => folded(b).includes(folded(a)));
  check('minBytes', hints.minBytes, disk.sizeBytes, 'size in bytes', (a, b) => b >= a);
  check('maxBytes', hints.maxBytes, disk.sizeBytes, 'size in bytes', (a, b) => b <= a);
  check('rotational', hints.rotational, disk.rotational, 'rotational flag', (a, b) => a === b);
  check('name', hints.name, disk.name, 'name', (a, b) => bare(a, '/dev/') === bare(b, '/dev/'));
  return misses;
}

const byPathPrefix = '/dev/disk/by-path/';

/** ASCII letters alone, as a shell's tr does it: 'İ' is no reason to take a disk. */
const folded = (value: string): string => value.trim().replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
const bareWwn = (value: string): string => folded(value).replace(/^(0x|naa\.|eui\.)/, '');
const bare = (value: string, prefix: string): string => {
  const trimmed = value.trim();
  return trimmed.startsWith(prefix) ? trimmed.slice(prefix.length) : trimmed;
};

const verdict = (misses: readonly Miss[]): string =>
  misses.length === 0 ? 'fits' : misses.map(({ why }) => why).join(', ');

const describe = ({ name, model, serial, sizeBytes }: Disk): string => {
  const parts = [model, serial === null ? null : `serial ${serial}`, sizeBytes === null ? null : sizeText(sizeBytes)];
  return `${name} (${parts.filter((part) => part !== null).join(', ') || 'nothing known'})`;
};

const sizeText = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

function wantedText(hints: DiskHints): string {
  const given = Object.entries(hints).filter(([, value]) => value !== undefined);
  return given.length === 0 ? 'any properties (no hint is given)' : given.map((pair) => pair.join(' ')).join(', ');
}
