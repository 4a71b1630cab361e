import { connect } from 'node:net';
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
  const key = (await answersTcp(options)) ? await exchangeKeys(options) : null;
  options.signal.throwIfAborted();
  return key;
}

async function answersTcp({ host, port, signal, timeoutMs }: SshProbeOptions): Promise<boolean> {
  return await new Promise<boolean>((resolve) => {
    const socket = connect({ host, port, signal });
    const answer = (open: boolean) => (): void => {
      socket.destroy();
      resolve(open);
    };
    socket.setTimeout(timeoutMs, answer(false));
    socket.once('connect', answer(true));
    socket.once('error', answer(false));
  });
}

async function exchangeKeys({ host, port, signal, timeoutMs }: SshProbeOptions): Promise<string | null> {
  return await new Promise<string | null>((resolve) => {
    const client = new Client();
    let offered: string | null = null;
    let ended = false;
    const end = (key: string | null): void => {
      if (ended) return;
      ended = true;
      signal.removeEventListener('abort', stop);
      client.destroy();
      resolve(key);
    };
    const stop = (): void => end(null);
    signal.addEventListener('abort', stop, { once: true });
    // The handshake is over only when the signature over the exchange was verified with the key offered.
    client.on('handshake', () => end(offered));
    client.on('error', () => end(null));
    client.on('close', () => end(null));
    client.connect({
      host,
      port,
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
