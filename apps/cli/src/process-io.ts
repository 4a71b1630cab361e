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
    return stream.isTTY ? stream.columns : 120;
  },
  get rows() {
    return stream.isTTY ? stream.rows : 40;
  },
});
