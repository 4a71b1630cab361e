import type { PackRecord } from '@formwork/db';

/** Greater when `a` is the later version; a pre-release comes before its release. */
export function compareVersions(a: string, b: string): number {
  const parse = (version: string) => {
    const [numbers = '', pre = ''] = (version.split('+')[0] ?? '').split(/-(.*)/s);
    return { numbers: numbers.split('.').map(Number), pre };
  };
  const [left, right] = [parse(a), parse(b)];
  for (const index of [0, 1, 2]) {
    const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left.pre === right.pre) return 0;
  if (left.pre === '' || right.pre === '') return left.pre === '' ? 1 : -1;
  return left.pre.localeCompare(right.pre, 'en', { numeric: true });
}

/** Of each pack the newest stored version. */
export function newestPacks(packs: readonly PackRecord[]): readonly PackRecord[] {
  const newest = new Map<string, PackRecord>();
  for (const record of packs) {
    const known = newest.get(record.name);
    if (known === undefined || compareVersions(record.pack.version, known.pack.version) > 0) {
      newest.set(record.name, record);
    }
  }
  return [...newest.values()];
}
