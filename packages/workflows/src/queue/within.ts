import { FormworkError } from '@formwork/core';

/** Bounds a wait the queue library cannot cancel; the failure is `retryable` with the code `queue-unavailable`. */
export async function within<T>(timeoutMs: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(unavailable(`${what} took longer than ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** True when `work` settled in time, whatever its outcome. */
export async function settles(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, timeoutMs);
  });
  try {
    return await Promise.race([work.then(() => true).catch(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

export const unavailable = (message: string, cause?: unknown): FormworkError =>
  new FormworkError('retryable', 'queue-unavailable', message, { cause });
