import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonPath, parseJsonPath } from './json-path.ts';

describe('jsonPath', () => {
  it('quotes what is no plain word', () => {
    expect(jsonPath(['groups', 0, 'nodes', 'edge-etcd-1'])).toBe("$.groups[0].nodes['edge-etcd-1']");
  });

  it('is read back as it was, whatever the keys', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string(), fc.nat(1000))), (segments) => {
        expect(parseJsonPath(jsonPath(segments))).toEqual(segments);
      }),
    );
  });

  it('refuses what is no path', () => {
    expect(parseJsonPath('groups')).toBeNull();
    expect(parseJsonPath('$.a b')).toBeNull();
  });
});
