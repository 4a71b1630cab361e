import type { Decided, ForwardedRequest, FromListener, ToListener } from './messages.ts';

interface Deps {
  /** Brings a message to the parent; false: it is not there any more. */
  readonly say: (message: FromListener) => boolean;
  readonly decisionMs: number;
}

/** The process that decides. */
export interface Parent {
  /** Its decision; null when none came in time. */
  decide(request: Omit<ForwardedRequest, 'id'>): Promise<Decided | null>;
  /** A message that came from it. What is not asked for, or not any more, is nothing. */
  heard(message: ToListener): void;
}

export function createParent({ say, decisionMs }: Deps): Parent {
  const waiting = new Map<number, (decided: Decided | null) => void>();
  let last = 0;
  return {
    decide: (request) =>
      new Promise((resolve) => {
        last += 1;
        const id = last;
        const settle = (decided: Decided | null): void => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(decided);
        };
        const timer = setTimeout(() => settle(null), decisionMs);
        waiting.set(id, settle);
        if (!say({ kind: 'request', request: { id, ...request } })) settle(null);
      }),
    heard: ({ id, decided }) => waiting.get(id)?.(decided),
  };
}
