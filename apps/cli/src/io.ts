/** The terminal and the surroundings, as the commands see them: tests give their own. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly out: Terminal;
  readonly err: Terminal;
  readonly stdinIsTerminal: boolean;
  /** Fires at Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** Everything on stdin, as text. */
  readStdin(): Promise<string>;
  /** Asks on the terminal; the answer without its line end. */
  ask(question: string): Promise<string>;
}

export interface Terminal {
  write(text: string): void;
  readonly isTerminal: boolean;
  readonly columns: number;
  readonly rows: number;
}
