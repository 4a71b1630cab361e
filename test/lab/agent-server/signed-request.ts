import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The octets that an agent signs for a request. */
export function canonicalRequest(method: string, target: string, counter: string, body: Buffer): Buffer {
  const hash = createHash('sha256').update(body).digest('hex');
  return Buffer.from(`${method}\n${target}\n${counter}\n${hash}\n`);
}

/** An ed25519 public key from its 32 octets. */
export const publicKeyOf = (raw: Buffer): KeyObject =>
  createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]),
    format: 'der',
    type: 'spki',
  });

/** What is wrong with the signature of a request; null when it holds. */
export function signatureProblem(
  request: IncomingMessage,
  body: Buffer,
  agent: { readonly session: string; readonly key: KeyObject; readonly lastCounter: number },
): string | null {
  const header = (name: string): string => String(request.headers[`formwork-${name}`] ?? '');
  const counter = header('counter');
  if (header('session') !== agent.session) return `session ${header('session')}`;
  if (!/^\d+$/.test(counter) || Number(counter) <= agent.lastCounter) return `counter ${counter}`;
  const signed = canonicalRequest(request.method ?? '', request.url ?? '', counter, body);
  const signature = Buffer.from(header('signature'), 'base64');
  return verify(null, signed, agent.key, signature) ? null : 'signature';
}
