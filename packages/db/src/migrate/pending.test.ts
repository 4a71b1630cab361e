import { expect, it } from 'vitest';
import { pendingMigrations } from './pending.ts';

const known = ['1_a', '2_b', '3_c'].map((name) => ({ name, sql: '', checksum: `sum ${name}` }));
const row = (name: string, more: { checksum?: string; finished?: boolean } = {}) => ({
  name,
  checksum: `sum ${name}`,
  finished: true,
  ...more,
});
const names = (applied: ReturnType<typeof row>[]) => pendingMigrations(known, applied).map(({ name }) => name);

it('applies what is not applied, in order', () => {
  expect(names([])).toEqual(['1_a', '2_b', '3_c']);
  expect(names([row('1_a')])).toEqual(['2_b', '3_c']);
  expect(names([row('1_a'), row('2_b'), row('3_c')])).toEqual([]);
});

it.each([
  ['migration-edited', [row('1_a', { checksum: 'other' })], '1_a'],
  ['migration-unfinished', [row('1_a', { finished: false })], '1_a'],
  ['database-newer', [row('1_a'), row('9_z')], '9_z'],
  ['migration-order', [row('1_a'), row('3_c')], '2_b'],
])('refuses with %s and names the migration', (code, applied, name) => {
  expect(() => names(applied)).toThrow(expect.objectContaining({ code, kind: 'conflict' }));
  expect(() => names(applied)).toThrow(name);
});
