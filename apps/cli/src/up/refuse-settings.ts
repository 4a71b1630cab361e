import { createServer } from 'node:net';
import { FormworkError } from '@formwork/api';

/** Errors: `tls-with-up`. Server, command line and health checks of one `up` speak plain HTTP on this machine. */
export function refuseTls(env: Readonly<Record<string, string | undefined>>): void {
  const given = ['FORMWORK_TLS_CERT_FILE', 'FORMWORK_TLS_KEY_FILE'].filter((name) => env[name] !== undefined);
  if (given.length === 0) return;
  throw new FormworkError(
    'invalid',
    'tls-with-up',
    `"formwork up" serves plain HTTP; unset ${given.join(' and ')} and put a proxy with TLS before it, or start server and worker by themselves`,
  );
}

/** Listens there for a moment. Errors: `port-taken`, or `cannot-listen` for an address or port that is not ours. */
export async function requireFreePort(host: string, port: number): Promise<void> {
  const probe = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject).listen({ host, port, exclusive: true }, resolve);
    });
  } catch (cause) {
    const where = `port ${String(port)} of ${host}`;
    if (cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE') {
      throw new FormworkError(
        'conflict',
        'port-taken',
        `${where} is taken by another program; choose one with --port`,
        {
          cause,
        },
      );
    }
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FormworkError('invalid', 'cannot-listen', `cannot listen on ${where}: ${why}; see --host and --port`, {
      cause,
    });
  }
  await new Promise((resolve) => probe.close(resolve));
}
