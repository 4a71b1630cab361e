/** A process that serves transfers, each on a socket of its own; its parent speaks ToProcess, it answers FromProcess. */
import { availableParallelism } from 'node:os';
import { ownSockets } from './channel.ts';
import { openFileTree } from './file-tree.ts';
import { type FromProcess, readToProcess, type ToProcess } from './process-protocol.ts';
import { createTransferHost, type TransferHost } from './transfer-host.ts';

const cores = availableParallelism();
let activeTransfers = 0;
let host: TransferHost | null = null;

const say = (message: FromProcess): void => {
  if (process.connected) process.send?.(message);
};

const obey = async (message: ToProcess): Promise<void> => {
  switch (message.kind) {
    case 'configure': {
      const { options, root, ports } = message;
      host = createTransferHost({
        options,
        source: await openFileTree(root),
        channelsOf: ({ address }) => ownSockets({ address, ports, stray: () => say({ kind: 'stray' }) }),
        mayBusyPoll: () => activeTransfers < cores,
        finished: (peer, local, report) => say({ kind: 'finished', peer, local, report }),
      });
      say({ kind: 'ready' });
      return;
    }
    case 'start':
      host?.start(message.request, message.peer, message.local);
      return;
    case 'active':
      activeTransfers = message.count;
      return;
    case 'close':
      await host?.close();
      process.disconnect();
  }
};

process.on('message', (value) => {
  obey(readToProcess(value)).catch((error: unknown) => {
    process.stderr.write(
      `${JSON.stringify({ event: 'problem', message: 'a transfer process ends', error: String(error) })}\n`,
    );
    process.exit(1);
  });
});
// The parent is gone, or wants us to be.
process.on('disconnect', () => process.exit(0));
// The parent decides when to end: a Ctrl-C reaches both.
process.on('SIGINT', () => undefined);
