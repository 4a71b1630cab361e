import type { NodeRoleState } from '@formwork/core';
import { expect, it } from 'vitest';
import { sentenceOf } from './node-role-response.ts';

const failed = (retryAtMs: number | null): { readonly state: NodeRoleState } => ({
  state: { state: 'failed', error: { kind: 'failed', code: 'exit-1', message: 'apply ended with 1' }, retryAtMs },
});

it('says what failed once, whether or not it is tried again', () => {
  expect(sentenceOf(failed(null), [])).toBe('apply ended with 1');
  expect(sentenceOf(failed(0), [{ kind: 'retry-at', atMs: 0, why: 'apply ended with 1' }])).toBe(
    'tries again at 1970-01-01T00:00:00.000Z: apply ended with 1',
  );
  expect(sentenceOf(failed(null), [{ kind: 'paused' }])).toBe('apply ended with 1; the deployment is paused');
});
