import { describe, expect, it } from 'vitest';
import { parseAssignments } from './commands/task.ts';
import { guessDeployment } from './find-node-role.ts';

describe('guessDeployment', () => {
  it('reads the deployment from the node of the key, the longest name first', () => {
    expect(guessDeployment('etcd-member@edge-etcd-1', ['edge', 'other'])).toBe('edge');
    expect(guessDeployment('etcd-member@edge-b-etcd-1', ['edge', 'edge-b'])).toBe('edge-b');
  });

  it('takes the only one there is, and does not guess between several', () => {
    expect(guessDeployment('etcd-ca', ['edge'])).toBe('edge');
    expect(guessDeployment('etcd-ca', ['edge', 'other'])).toBeNull();
  });
});

describe('parseAssignments', () => {
  it('reads values as YAML', () => {
    expect(parseAssignments(['a=1', 'b=/srv/e.snap', 'c={x: [true]}', 'd="1"', 'e=a=b'])).toEqual({
      a: 1,
      b: '/srv/e.snap',
      c: { x: [true] },
      d: '1',
      e: 'a=b',
    });
  });

  it('refuses what is no assignment', () => expect(() => parseAssignments(['x'])).toThrow('name=value'));
});
