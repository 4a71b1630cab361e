import { type KeyObject } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
/** The octets that an agent signs for a request. */
export declare function canonicalRequest(method: string, target: string, counter: string, body: Buffer): Buffer;
/** An ed25519 public key from its 32 octets. */
export declare const publicKeyOf: (raw: Buffer) => KeyObject;
/** What is wrong with the signature of a request; null when it holds. */
export declare function signatureProblem(
  request: IncomingMessage,
  body: Buffer,
  agent: {
    readonly session: string;
    readonly key: KeyObject;
    readonly lastCounter: number;
  },
): string | null;
//# sourceMappingURL=signed-request.d.ts.map
