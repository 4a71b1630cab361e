/** Connections to a BMC's web server, whose certificate is nearly always its own: by CA, by pinned fingerprint, or not at all. */
import { Agent, type ClientRequestArgs } from 'node:http';
import { connect as connectPlain, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';

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

const failure = (code: string): Error => Object.assign(new Error('The certificate is not the pinned one.'), { code });

/**
 * Keeps one connection, since BMCs have few. A connection is handed out only after its certificate was judged, so that
 * no credential is sent before.
 */
export function bmcAgent(secure: boolean, trust: TlsTrust): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 1, timeout: 30_000 });
  const open = (options: ClientRequestArgs, ready: (error: Error | null, stream?: Duplex) => void): null => {
    const host = options.host ?? 'localhost';
    const port = Number(options.port ?? (secure ? 443 : 80));
    const failed = (error: Error): void => ready(error);
    if (!secure) {
      const plain = connectPlain(port, host).once('error', failed);
      plain.once('connect', () => {
        plain.off('error', failed);
        ready(null, plain);
      });
      return null;
    }
    const socket = tls(host, port, trust).once('error', failed);
    socket.once('secureConnect', () => {
      socket.off('error', failed);
      if (isTrusted(socket, trust)) ready(null, socket);
      else {
        socket.destroy();
        ready(failure(pinMismatch));
      }
    });
    return null;
  };
  return Object.assign(agent, { createConnection: open });
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
const isTrusted = (socket: TLSSocket, trust: TlsTrust): boolean =>
  trust.kind !== 'pin' || digits(socket.getPeerX509Certificate()?.fingerprint256 ?? '') === digits(trust.sha256);
