import { type SpawnOptions } from 'node:child_process';
/** Two network namespaces with a cable between them: a server's (10.99.0.1) and a client's (10.99.0.2). Needs root. */
export interface TftpNetwork {
  readonly server: string;
  readonly client: string;
  /** Prefixes for commands that are to run in one of them. */
  readonly onServer: readonly string[];
  readonly onClient: readonly string[];
  close(): void;
}
export declare const serverAddress = '10.99.0.1';
export declare function openTftpNetwork(): TftpNetwork;
/** Starts a command given as one list. */
export declare function start(command: readonly string[], options?: SpawnOptions): import('child_process').ChildProcess;
/** Runs a command to its end, at most so long; answers how it ended. */
export declare function runToEnd(
  command: readonly string[],
  withinMs: number,
): Promise<{
  ok: boolean;
  output: string;
}>;
//# sourceMappingURL=tftp-network.d.ts.map
