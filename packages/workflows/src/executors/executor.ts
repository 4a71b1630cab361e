import type { HttpDeclaration, Json, JsonObject, PkiDeclaration } from '@formwork/core';

/** What a worker-side executor is given: our own code, run in the worker, nothing of a pack's but data. */
export interface ExecutorContext<Declaration> {
  /** Rendered: no template is left in it. */
  readonly declaration: Declaration;
  /** As a script's `in/`: params, facts, requires, needs ... with secrets as plain values. */
  readonly inputs: JsonObject;
  /** Outputs of the last apply with secrets as plain values; null at the first. What still fits is kept. */
  readonly existing: JsonObject | null;
  readonly signal: AbortSignal;
}

/** The part of a ScriptResult that needs no machine. Rejects only with the signal's reason. */
export type ExecutorResult =
  | { readonly kind: 'done'; readonly outputs: JsonObject; readonly applied: boolean }
  | { readonly kind: 'transient'; readonly message: string }
  | { readonly kind: 'timeout'; readonly message: string }
  | { readonly kind: 'failed'; readonly step: string; readonly exitCode: number; readonly message: string };

export type ExecutorFunction<Declaration> = (context: ExecutorContext<Declaration>) => Promise<ExecutorResult>;

export interface WorkerExecutors {
  readonly pki: ExecutorFunction<PkiDeclaration>;
  readonly http: ExecutorFunction<HttpDeclaration>;
  readonly noop: ExecutorFunction<Json>;
}

export const failedBecause = (message: string): ExecutorResult => ({
  kind: 'failed',
  step: 'apply',
  exitCode: 1,
  message,
});
