import type { WorkerExecutors } from './executor.ts';
import { runHttp } from './http.ts';
import { runNoop } from './noop.ts';
import { createPki } from './pki.ts';

/** The executors that run in the worker itself. */
export function createWorkerExecutors(deps: { readonly nowMs: () => number }): WorkerExecutors {
  return { pki: createPki(deps), http: runHttp, noop: runNoop };
}
