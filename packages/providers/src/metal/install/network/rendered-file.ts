/** A file for the machine. `mode` is octal, as in 0o600. */
export interface RenderedFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}
