import { type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
declare const resultBody: z.ZodObject<
  {
    ok: z.ZodBoolean;
    code: z.ZodString;
    message: z.ZodString;
    outputs: z.ZodRecord<z.ZodString, z.ZodUnknown>;
  },
  z.core.$strip
>;
export type TaskResult = z.infer<typeof resultBody>;
export type TaskWords = Readonly<Record<string, unknown>> & {
  readonly kind: string;
};
export interface GivenTask {
  readonly id: string;
  /** Its result, once it has come. */
  readonly result: () => TaskResult | undefined;
}
export interface AgentServer {
  readonly port: number;
  readonly token: string;
  readonly machine: string;
  /** SPKI PEM: for the agent's image. */
  readonly sitePublicKey: string;
  /** Puts a task in line. `spoil` changes the signature or the signed octets. */
  give(
    words: TaskWords,
    spoil?: (
      body: Buffer,
      signature: Buffer,
    ) => {
      body: Buffer;
      signature: Buffer;
    },
  ): GivenTask;
  readonly images: Map<string, Buffer>;
  /** Asked before each answer with "METHOD target"; `lose` does what was asked for and says nothing, `fail` is a 503. */
  fault: (what: string) => 'lose' | 'fail' | null;
  /** What was refused, and why. */
  readonly refusals: string[];
  readonly requests: string[];
  readonly reports: unknown[];
  readonly progress: {
    task: string;
    percent: number;
    message: string;
  }[];
  log(): string;
  /** Anything but the agent's routes; answers whether it took the request. */
  other: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Stops answering, as a server that restarts; `resume` listens on the same port again. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  close(): Promise<void>;
}
/** Listens on a free port of 127.0.0.1, or on a socket in the file system. */
export declare function startAgentServer({
  socket,
  pollSeconds,
}?: {
  readonly socket?: string | null;
  readonly pollSeconds?: number;
}): Promise<AgentServer>;
export {};
//# sourceMappingURL=agent-server.d.ts.map
