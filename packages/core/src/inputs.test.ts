import { describe, expect, it } from 'vitest';
import { hashInputs, resolveInputs } from './inputs.ts';
import type { InputSources } from './inputs.ts';
import type { JsonObject } from './json.ts';
import { defineNeed, defineRole, onNode } from './testing/define-role.ts';

const outputs: Record<string, JsonObject> = {
  'cert@n1': { certificate: 'pem', key: { $secret: { ref: 'a', version: 1, digest: 'd' } }, unused: 1 },
  'member@n1': { url: 'u1' },
  'member@n2': { url: 'u2' },
};
const sources: InputSources = {
  params: { 'r.size': 1 },
  facts: { address: '10.0.0.1', kernel: '6.1' },
  outputs: (key) => outputs[key] ?? null,
  producers: () => ['n1', 'n2', 'n3'].map((node) => ({ key: `member@${node}`, node })),
};
const binding = { requires: { cert: 'cert@n1' } };

describe('resolveInputs', () => {
  it('takes declared facts, required outputs and needs, tracked apart from untracked', () => {
    const role = defineRole('r', {
      facts: ['address'],
      requires: [onNode('cert', 'certificate'), onNode('other')],
      needs: [
        defineNeed('member', 'any', { outputs: ['url'] }),
        defineNeed('member', 'peers', { outputs: ['url'], tracked: false }),
      ],
    });
    const { inputs, untracked, missing } = resolveInputs(role, binding, sources);
    expect(inputs).toEqual({
      params: { 'r.size': 1 },
      facts: { address: '10.0.0.1' },
      requires: { cert: { certificate: 'pem' } },
      needs: { member: { url: 'u1' } },
    });
    expect(untracked).toEqual({
      member: [
        { node: 'n1', url: 'u1' },
        { node: 'n2', url: 'u2' },
      ],
    });
    expect(missing).toEqual([]);
  });

  it('names what is missing: facts, outputs, producers', () => {
    const role = defineRole('r', {
      facts: ['rack'],
      requires: [onNode('cert', 'certificate', 'chain')],
      needs: [defineNeed('member', 'all', { outputs: ['url'] })],
    });
    expect(resolveInputs(role, binding, sources).missing).toEqual([
      { kind: 'fact', name: 'rack' },
      { kind: 'output', of: 'requires', role: 'cert', key: 'cert@n1', output: 'chain' },
      { kind: 'output', of: 'needs', role: 'member', key: 'member@n3', output: null },
    ]);
    const nobody = { ...sources, producers: () => [] };
    expect(resolveInputs(defineRole('r', { needs: [defineNeed('x', 'one')] }), binding, nobody).missing).toEqual([
      { kind: 'producers', role: 'x', found: 0, wanted: 1 },
    ]);
  });

  it('is content with a quorum, and with nothing where it is optional', () => {
    const quorum = defineRole('r', { needs: [defineNeed('member', 'all', { outputs: ['url'], min: 'quorum' })] });
    expect(resolveInputs(quorum, binding, sources).missing).toEqual([]);
    const three = defineRole('r', { needs: [defineNeed('member', 'all', { min: 3 })] });
    expect(resolveInputs(three, binding, sources).missing).toEqual([
      { kind: 'producers', role: 'member', found: 2, wanted: 3 },
    ]);
    const optional = defineRole('r', { needs: [defineNeed('x', 'one', { optional: true, outputs: ['o'] })] });
    const { inputs, missing } = resolveInputs(optional, binding, { ...sources, producers: () => [] });
    expect([inputs.needs, missing]).toEqual([{}, []]);
  });

  it('keeps two needs of one role apart', () => {
    const role = defineRole('r', {
      needs: [defineNeed('member', 'one', { outputs: ['url'] }), defineNeed('member', 'all')],
    });
    expect(Object.keys(resolveInputs(role, binding, sources).inputs.needs)).toEqual(['member', 'member.all']);
  });
});

describe('hashInputs', () => {
  const inputs = (key: JsonObject) => ({ params: {}, facts: {}, requires: { cert: { key } }, needs: {} });
  const secret = (ref: string, version: number, digest: string) => inputs({ $secret: { ref, version, digest } });

  it('counts a secret by its digest alone', () => {
    expect(hashInputs('d', secret('a', 1, 'x'))).toBe(hashInputs('d', secret('b', 2, 'x')));
    expect(hashInputs('d', secret('a', 1, 'x'))).not.toBe(hashInputs('d', secret('a', 1, 'y')));
  });

  it('depends on the role and not on the order of names', () => {
    const one = { params: { a: 1, b: 2 }, facts: {}, requires: {}, needs: {} };
    const two = { needs: {}, requires: {}, facts: {}, params: { b: 2, a: 1 } };
    expect(hashInputs('d', one)).toBe(hashInputs('d', two));
    expect(hashInputs('d', one)).not.toBe(hashInputs('e', one));
    expect(hashInputs('d', one)).toMatch(/^[0-9a-f]{64}$/);
  });
});
