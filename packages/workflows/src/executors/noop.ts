import type { Json } from '@formwork/core';
import type { ExecutorFunction } from './executor.ts';

/** Does nothing: for roles that only order others or only compute outputs. */
export const runNoop: ExecutorFunction<Json> = () => Promise.resolve({ kind: 'done', outputs: {}, applied: true });
