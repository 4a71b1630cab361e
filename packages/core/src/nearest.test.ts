import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nearest, suggest } from './nearest.ts';

describe('nearest', () => {
  it('finds a misspelt, swapped or differently cased name', () => {
    expect(nearest('etcd-memebr', ['etcd-member', 'etcd-ca'])).toBe('etcd-member');
    expect(nearest('ETCD-CA', ['etcd-member', 'etcd-ca'])).toBe('etcd-ca');
  });

  it('finds the full name of a parameter given without its namespace', () => {
    expect(nearest('dataDir', ['etcd.dataDir', 'base.hosts'])).toBe('etcd.dataDir');
  });

  it('answers null when nothing is near', () => {
    expect(nearest('kubernetes', ['etcd', 'base'])).toBeNull();
    expect(nearest('x', [])).toBeNull();
  });

  it('finds every name one edit away, whatever the name', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z]{4,20}$/), fc.nat(), (name, at) => {
        const cut = at % name.length;
        expect(nearest(name.slice(0, cut) + name.slice(cut + 1), [name, '0123456789'.repeat(3)])).toBe(name);
      }),
    );
  });

  it('lists short choices when nothing is near, and says nothing about long ones', () => {
    expect(suggest('zzzzzz', ['b', 'a'])).toBe('use one of: a, b');
    expect(
      suggest(
        'zzzzzz',
        Array.from({ length: 13 }, (_, i) => `name-${i}`),
      ),
    ).toBeUndefined();
  });
});
