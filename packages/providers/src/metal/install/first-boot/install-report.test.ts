import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { installReportSchema } from './install-report.ts';

const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDpczbWbTVzni3pfQC/PiscsBKvI+QFUuaEdEroEsv5s';
const report = { hostKeys: [key], hostname: 'node-7', bootId: 'ccc820ba-e92c-4a81-a7f4-7082c99b6d07' };

describe('what an installed machine reports', () => {
  it('is taken as it is', () => {
    expect(installReportSchema.parse(report)).toEqual(report);
  });

  it.each<readonly [string, object]>([
    ['no key', { hostKeys: [] }],
    ['a key with a comment', { hostKeys: [`${key} root@x`] }],
    ['two keys in one', { hostKeys: [`${key}\n${key}`] }],
    ['a key for any host', { hostKeys: [`* ${key}`] }],
    ['a key with options', { hostKeys: [`cert-authority ${key}`] }],
    ['more keys than there are kinds', { hostKeys: Array(9).fill(key) }],
    ['an endless name', { hostname: 'x'.repeat(254) }],
    ['no boot', { bootId: 'x' }],
  ])('is refused with %s', (_, more) => {
    expect(installReportSchema.safeParse({ ...report, ...more }).success).toBe(false);
  });

  it('never makes a second line of known_hosts, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => key + text),
        ),
        (text) => {
          const parsed = installReportSchema.safeParse({ ...report, hostKeys: [text] });
          if (parsed.success) expect(parsed.data.hostKeys[0]).toMatch(/^\S+ \S+$/);
        },
      ),
    );
  });
});
