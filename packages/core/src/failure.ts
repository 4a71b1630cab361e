/** What went wrong, by whose turn it is next; retry is decided in the engine alone. */
export type FailureKind = 'invalid' | 'conflict' | 'not-found' | 'denied' | 'retryable' | 'terminal' | 'internal';

/**
 * The one error class. Expected outcomes are return values; this is for what the caller cannot go on with.
 * `code` is stable and machine-readable; `message` says what to do; neither ever holds a secret.
 */
export class FormworkError extends Error {
  readonly code: string;
  readonly kind: FailureKind;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    kind: FailureKind,
    code: string,
    message: string,
    options: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'FormworkError';
    this.code = code;
    this.kind = kind;
    this.details = options.details ?? {};
  }
}

/** For the end of a switch over a union: the compiler proves that it is never reached. */
export function assertNever(value: never): never {
  throw new FormworkError('internal', 'unreachable', `unexpected variant: ${JSON.stringify(value)}`);
}
