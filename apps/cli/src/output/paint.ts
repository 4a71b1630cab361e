/** Colours of a terminal; each is the text itself where colours are off. */
export interface Paint {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly blue: (text: string) => string;
}

export function createPaint(colours: boolean): Paint {
  const code = (on: number, off: number) => (text: string) =>
    colours ? `\u001b[${String(on)}m${text}\u001b[${String(off)}m` : text;
  return {
    bold: code(1, 22),
    dim: code(2, 22),
    red: code(31, 39),
    green: code(32, 39),
    yellow: code(33, 39),
    blue: code(34, 39),
  };
}

/** Colours are for a terminal that can show them and whose user wants them (no-color.org). */
export const wantsColours = (isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean =>
  isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';

const escapes = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');

/** Columns that a painted text takes; what we print is one column a code point. */
export const visibleLength = (text: string): number => Array.from(text.replace(escapes, '')).length;
