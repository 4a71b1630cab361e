import type { RunTool } from './run-tool.ts';

/** One kind of image: what `formwork image build <name>` runs. */
export interface BuildImage {
  /** Its options, for people. */
  readonly usage: string;
  /** Builds it. Throws FormworkErrors; those of kind `invalid` are about `args`. */
  build(
    args: readonly string[],
    deps: {
      readonly run: RunTool;
      readonly log: (line: string) => void;
      readonly signal: AbortSignal;
      readonly env: Readonly<Record<string, string | undefined>>;
    },
  ): Promise<void>;
}
