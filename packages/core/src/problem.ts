/**
 * One thing wrong with what somebody gave us. Checks collect problems and return them all; nothing is applied
 * while there is one.
 */
export interface Problem {
  /** Stable, machine-readable: `unknown-role`, `wrong-type`, `quorum-lost`, ... */
  readonly code: string;
  /** JSON path in the document, `$.groups[0].count`; `$` for the document as a whole. */
  readonly path: string;
  /** One sentence saying what is wrong, naming the value found. */
  readonly message: string;
  /** What to do about it: the nearest valid name, the limit, the command. */
  readonly remedy?: string;
  /** Where the document came from, when it came from a file. Line and column count from 1. */
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
}

/** Either what was asked for, or every reason why not. */
export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };
