/** Connections to a BMC's web server, whose certificate is nearly always its own: by CA, by pinned fingerprint, or not at all. */
import { Agent, type ClientRequestArgs } from 'node:http';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, TLSSocket } from 'node:tls';

export type TlsTrust =
  /** The authorities that Node.js knows. */
  | { readonly kind: 'system' }
  /** PEM of the authorities that may have signed the certificate; the name in it must match. */
  | { readonly kind: 'ca'; readonly pem: string }
  /** SHA-256 of the certificate, hexadecimal, colons allowed; names and dates do not matter then. */
  | { readonly kind: 'pin'; readonly sha256: string }
  /** Anybody may answer; must be asked for by name. */
  | { readonly kind: 'insecure' };

const digits = (fingerprint: string): string => fingerprint.replaceAll(':', '').toLowerCase();

/** Why a connection is not to be used, by its `code`. */
export const pinMismatch = 'CERT_PIN_MISMATCH';

const coded = (code: string): Error => Object.assign(new Error(code), { code });

/** A BMC that takes no connection within this time has none to give. */
const connectWithinMs = 15_000;

/**
 * Keeps one connection, since BMCs have few. A connection is handed out only after its certificate was judged, so that
 * no credential is sent before. `destroy` ends those that are still being made as well.
 */
export function bmcAgent(secure: boolean, trust: TlsTrust): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const pending = new Set<Socket>();
  const open = (options: ClientRequestArgs, ready: (error: Error | null, stream?: Duplex) => void): null => {
    const host = options.host ?? 'localhost';
    const port = Number(options.port ?? (secure ? 443 : 80));
    const made = secure ? tls(host, port, trust) : connectPlain(port, host);
    pending.add(made);
    made.setTimeout(connectWithinMs, () => made.destroy(coded('ETIMEDOUT')));
    const failed = (error: Error): void => {
      pending.delete(made);
      ready(error);
    };
    made.once('error', failed);
    made.once(secure ? 'secureConnect' : 'connect', () => {
      pending.delete(made);
      made.off('error', failed).setTimeout(0);
      if (isTrusted(made, trust)) ready(null, made);
      else {
        made.destroy();
        ready(coded(pinMismatch));
      }
    });
    return null;
  };
  const destroy = (): void => {
    for (const socket of pending) socket.destroy();
    Agent.prototype.destroy.call(agent);
  };
  return Object.assign(agent, { createConnection: open, destroy });
}

const tls = (host: string, port: number, trust: TlsTrust): TLSSocket =>
  connectTls({
    host,
    port,
    // A name for the certificate; addresses must not be sent as one (RFC 6066 section 3).
    ...(isIP(host) === 0 ? { servername: host } : {}),
    rejectUnauthorized: trust.kind === 'system' || trust.kind === 'ca',
    ...(trust.kind === 'ca' ? { ca: trust.pem } : {}),
  });

/** Authorities were judged by the handshake itself. */
const isTrusted = (socket: Socket, trust: TlsTrust): boolean =>
  !(socket instanceof TLSSocket) ||
  trust.kind !== 'pin' ||
  digits(socket.getPeerX509Certificate()?.fingerprint256 ?? '') === digits(trust.sha256);
