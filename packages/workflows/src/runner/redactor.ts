import { Buffer } from 'node:buffer';
import { secretForms } from './secret-forms.ts';

export const mask = '[redacted]';

/** Replaces exact values of known secrets. Works on bytes: a log need not be UTF-8. */
export interface Redactor {
  /** For a whole text, such as a message. */
  readonly redact: (text: string) => string;
  /** For a stream of bytes; secrets are found across the borders of what is pushed. */
  readonly stream: () => RedactorStream;
}

export interface RedactorStream {
  /** Takes bytes in; gives out what can no longer become part of a secret, and how many bytes taken in that stands for. */
  push(bytes: Buffer): { readonly bytes: Buffer; readonly consumed: number };
  /** Gives out the rest. */
  flush(): { readonly bytes: Buffer; readonly consumed: number };
}

export function createRedactor(secrets: readonly string[]): Redactor {
  const patterns = [...new Set(secrets.flatMap((secret) => secretForms(secret)))].sort((a, b) => b.length - a.length);
  const longest = patterns[0]?.length ?? 0;
  const byFirst = new Map<string, string[]>();
  for (const pattern of patterns) {
    const first = pattern.charAt(0);
    byFirst.set(first, [...(byFirst.get(first) ?? []), pattern]);
  }
  const expression = patterns.length === 0 ? null : new RegExp(patterns.map(escaped).join('|'), 'g');

  const replaced = (text: string): string => (expression === null ? text : text.replaceAll(expression, mask));

  /** Where the earliest suffix begins that is the beginning of a secret, but not yet all of it. */
  const openFrom = (text: string): number => {
    for (let at = Math.max(0, text.length - longest + 1); at < text.length; at += 1) {
      const candidates = byFirst.get(text.charAt(at));
      if (candidates === undefined) continue;
      const suffix = text.slice(at);
      if (candidates.some((pattern) => pattern.length > suffix.length && pattern.startsWith(suffix))) return at;
    }
    return text.length;
  };

  return {
    redact: (text) => Buffer.from(replaced(Buffer.from(text).toString('latin1')), 'latin1').toString(),
    stream() {
      let pending = '';
      const give = (upTo: number): { bytes: Buffer; consumed: number } => {
        let out = '';
        let done = 0;
        if (expression !== null) {
          expression.lastIndex = 0;
          for (let hit = expression.exec(pending); hit !== null; hit = expression.exec(pending)) {
            // One that begins inside what is held back may yet be a longer one.
            if (hit.index >= upTo) break;
            out += pending.slice(done, hit.index) + mask;
            done = hit.index + hit[0].length;
          }
        }
        if (done < upTo) {
          out += pending.slice(done, upTo);
          done = upTo;
        }
        pending = pending.slice(done);
        return { bytes: Buffer.from(out, 'latin1'), consumed: done };
      };
      return {
        push(bytes) {
          pending += bytes.toString('latin1');
          return give(openFrom(pending));
        },
        flush: () => give(pending.length),
      };
    },
  };
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
}
