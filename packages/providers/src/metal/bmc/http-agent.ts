/** Connections to a BMC's web server, whose certificate is nearly always its own: by CA, by pinned fingerprint, or not at all. */
import { Agent, type ClientRequestArgs } from 'node:http';
import { connect as connectPlain, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';

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
    const socket = secure ? tls(host, port, trust) : connectPlain(port, host);
    const failed = (error: Error): void => ready(error);
    socket.once('error', failed);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      socket.off('error', failed);
      ready(null, socket);
    });
    return null;
  };
  return Object.assign(agent, { createConnection: open });
}

function tls(host: string, port: number, trust: TlsTrust): Socket {
  const socket = connectTls({
    host,
    port,
    ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
    rejectUnauthorized: trust.kind === 'system' || trust.kind === 'ca',
    ...(trust.kind === 'ca' ? { ca: trust.pem } : {}),
  });
  if (trust.kind === 'pin') {
    socket.prependOnceListener('secureConnect', () => {
      const seen = socket.getPeerX509Certificate()?.fingerprint256 ?? '';
      if (digits(seen) !== digits(trust.sha256)) {
        socket.removeAllListeners('secureConnect');
        socket.destroy(failure(pinMismatch));
      }
    });
  }
  return socket;
}
