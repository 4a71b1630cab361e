import { z } from 'zod';
declare const transferLine: z.ZodObject<
  {
    event: z.ZodLiteral<'transfer'>;
    name: z.ZodString;
    outcome: z.ZodObject<
      {
        kind: z.ZodString;
      },
      z.core.$loose
    >;
    blockSize: z.ZodNullable<z.ZodNumber>;
    windowSize: z.ZodNullable<z.ZodNumber>;
    resentBlocks: z.ZodNumber;
  },
  z.core.$loose
>;
export type TransferLine = z.infer<typeof transferLine>;
/** Our TFTP server as a process, behind `prefix`, with what it reports of its transfers. */
export declare function startTftpProcess(
  prefix: readonly string[],
  directory: string,
  configuration: object,
): Promise<{
  transfers: {
    [x: string]: unknown;
    event: 'transfer';
    name: string;
    outcome: {
      [x: string]: unknown;
      kind: string;
    };
    blockSize: number | null;
    windowSize: number | null;
    resentBlocks: number;
  }[];
  stop: () => Promise<void>;
}>;
export {};
//# sourceMappingURL=tftp-server.d.ts.map
