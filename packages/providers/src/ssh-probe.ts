import { connect, type Socket } from 'node:net';
import { Client } from 'ssh2';

export interface SshProbeOptions {
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
  readonly signal: AbortSignal;
  /** Upper bound of the TCP connect and of the key exchange, each, milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Whether SSH answers, and with which key: a TCP connect first, which costs next to nothing while the machine boots,
 * then SSH's key exchange (RFC 4253, section 8), in which the machine proves that it has the private key. Nobody logs in.
 *
 * Answers `ssh-ed25519 AAAA...` without comment, or null when nothing answers (yet). Throws only when the signal fires.
 */
export async function probeSsh(options: SshProbeOptions): Promise<string | null> {
  options.signal.throwIfAborted();
  const socket = await connected(options);
  try {
    const key = socket === null ? null : await exchangeKeys(socket, options);
    options.signal.throwIfAborted();
    return key;
  } finally {
    socket?.destroy();
  }
}

async function connected({ host, port, signal, timeoutMs }: SshProbeOptions): Promise<Socket | null> {
  return await new Promise<Socket | null>((resolve) => {
    const socket = connect({ host, port, signal });
    socket.on('error', () => resolve(null)); // stays on: an error after the connect must not be unhandled
    socket.setTimeout(timeoutMs, () => {
      socket.destroy();
      resolve(null);
    });
    socket.once('connect', () => {
      socket.setTimeout(0);
      resolve(socket);
    });
  });
}

async function exchangeKeys(socket: Socket, { signal, timeoutMs }: SshProbeOptions): Promise<string | null> {
  return await new Promise<string | null>((resolve) => {
    const client = new Client();
    let offered: string | null = null;
    const end = (key: string | null): void => {
      signal.removeEventListener('abort', stop);
      client.destroy();
      resolve(key); // only the first counts
    };
    const stop = (): void => end(null);
    signal.addEventListener('abort', stop, { once: true });
    // The handshake is over only when the signature over the exchange was verified with the key offered.
    client.on('handshake', () => end(offered));
    client.on('error', () => end(null));
    client.on('close', () => end(null));
    client.connect({
      sock: socket,
      username: 'formwork-probe',
      readyTimeout: timeoutMs,
      algorithms: { serverHostKey: ['ssh-ed25519'] },
      hostVerifier: (key: Buffer) => {
        offered = `ssh-ed25519 ${key.toString('base64')}`;
        return true;
      },
    });
  });
}
