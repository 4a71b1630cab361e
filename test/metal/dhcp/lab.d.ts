import { type ChildProcess } from 'node:child_process';
import { z } from 'zod';
/** A line that the server printed. */
declare const serverLine: z.ZodObject<
  {
    event: z.ZodString;
  },
  z.core.$loose
>;
export type ServerLine = z.infer<typeof serverLine>;
export interface DhcpProcess {
  readonly pid: number;
  readonly lines: readonly ServerLine[];
  /** Its counters, as they are now. */
  counters(): Promise<ServerLine>;
  kill(signal: NodeJS.Signals): Promise<number | null>;
}
export interface Output {
  readonly code: number;
  readonly text: string;
}
/** Two network namespaces of their own joined by cables, a directory, and everything started in them. */
export interface Lab {
  readonly directory: string;
  readonly server: string;
  readonly client: string;
  /** Adds a cable: `s<n>` in the server's namespace, `c<n>` in the client's, with these addresses where given. */
  cable(index: number, serverAddress: string | null, clientAddress?: string): void;
  /** Runs to its end in a namespace; what it wrote, whatever its exit code. */
  run(namespace: string, command: string, args: readonly string[], timeoutMs?: number): Promise<Output>;
  /** Starts something that ends with the lab. */
  start(namespace: string, command: string, args: readonly string[]): ChildProcess;
  serve(configuration: object, launcher?: readonly string[]): Promise<DhcpProcess>;
  close(): Promise<void>;
}
/** What this machine lacks for these tests; null when it has all. */
export declare function missingForLab(programs: readonly string[]): string | null;
export declare function openLab(): Promise<Lab>;
export {};
//# sourceMappingURL=lab.d.ts.map
