import type { Terminal } from '../io.ts';

/** Draws lines in place of the ones drawn before, below whatever was on the terminal. */
export function createScreen(terminal: Terminal) {
  let drawn = 0;
  return {
    draw: (lines: readonly string[]): void => {
      const up = drawn === 0 ? '' : `\u001b[${String(drawn)}A`;
      const text = lines.map((line) => `${line}\u001b[K\n`).join('');
      terminal.write(`${up}${text}\u001b[J`);
      drawn = lines.length;
    },
  };
}
