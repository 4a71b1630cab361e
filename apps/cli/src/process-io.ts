import { createInterface } from 'node:readline/promises';
import type { Io, Terminal } from './io.ts';

/** The real terminal. */
export function createProcessIo(interrupted: AbortSignal): Io {
  return {
    env: process.env,
    out: terminalOf(process.stdout),
    err: terminalOf(process.stderr),
    stdinIsTerminal: process.stdin.isTTY,
    interrupted,
    readStdin: async () => {
      process.stdin.setEncoding('utf8');
      let text = '';
      for await (const chunk of process.stdin) text += String(chunk);
      return text;
    },
    ask: async (question) => {
      const prompt = createInterface({ input: process.stdin, output: process.stderr });
      try {
        return await prompt.question(question, { signal: interrupted });
      } finally {
        prompt.close();
      }
    },
  };
}

const terminalOf = (stream: NodeJS.WriteStream): Terminal => ({
  write: (text) => void stream.write(text),
  get isTerminal() {
    return stream.isTTY;
  },
  get columns() {
    return sizeOr(stream.isTTY ? stream.columns : 0, 120);
  },
  get rows() {
    return sizeOr(stream.isTTY ? stream.rows : 0, 40);
  },
});

/** A terminal that does not know its size (serial lines, some pseudo-terminals) says 0. */
const sizeOr = (size: number, otherwise: number): number => (size > 0 ? size : otherwise);
