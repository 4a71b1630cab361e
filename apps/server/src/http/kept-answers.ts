import type { MadeAnswer } from './handler.ts';

/** Whole answers by what was asked, each with what it holds for. */
export interface KeptAnswers {
  of(key: string): KeptAnswer | null;
  /** `basis` names a state that never comes back once it is over. */
  keep(key: string, kept: KeptAnswer): void;
}

export interface KeptAnswer {
  readonly basis: string;
  readonly answer: MadeAnswer;
}

/** Bytes of all that are kept. */
const mostBytes = 8 * 1024 * 1024;

/** What was kept first goes first. */
export function createKeptAnswers(most = mostBytes): KeptAnswers {
  const known = new Map<string, KeptAnswer>();
  let bytes = 0;
  const forget = (key: string): void => {
    bytes -= known.get(key)?.answer.json.length ?? 0;
    known.delete(key);
  };
  return {
    of: (key) => known.get(key) ?? null,
    keep(key, kept) {
      forget(key);
      known.set(key, kept);
      bytes += kept.answer.json.length;
      for (const oldest of known.keys()) {
        if (bytes <= most) return;
        forget(oldest);
      }
    },
  };
}
