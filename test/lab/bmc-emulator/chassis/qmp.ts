/** QEMU's machine protocol over its socket: one JSON object a line; greeting, qmp_capabilities, then commands and events. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { z } from 'zod';

const lineSchema = z.object({
  event: z.string().optional(),
  data: z.looseObject({ reason: z.string().optional() }).optional(),
});

export interface Qmp {
  execute(command: string): void;
  close(): void;
}

export interface QmpEvent {
  /** `SHUTDOWN`, `POWERDOWN` ... */
  readonly name: string;
  /** Of SHUTDOWN: `guest-reset`, `guest-shutdown`, `host-signal` ... */
  readonly reason: string | null;
}

export async function openQmp(socketPath: string, onEvent: (event: QmpEvent) => void): Promise<Qmp> {
  const socket = connect(socketPath);
  socket.on('error', () => undefined);
  await once(socket, 'connect', { signal: AbortSignal.timeout(5_000) });
  const lines = createInterface({ input: socket });
  // A machine that is killed resets the connection.
  lines.on('error', () => undefined);
  lines.on('line', (line) => {
    const read = lineSchema.safeParse(parse(line));
    if (read.success && read.data.event !== undefined) {
      onEvent({ name: read.data.event, reason: read.data.data?.reason ?? null });
    }
  });
  const execute = (command: string): void => void socket.write(`${JSON.stringify({ execute: command })}\n`);
  execute('qmp_capabilities');
  return {
    execute,
    close: () => {
      socket.destroy();
    },
  };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
