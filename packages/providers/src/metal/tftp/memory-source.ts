import type { FileName } from './file-name.ts';
import type { OpenFile, Peer, Source } from './source.ts';

/** Content made for one request; null: there is no such file. */
export type Render = (name: FileName, peer: Peer) => Promise<Uint8Array | null> | Uint8Array | null;

/** Files that exist while they are asked for: a script for this machine, say. Nothing is shared between transfers. */
export const memorySource = (render: Render): Source => ({
  open: async (name, peer) => {
    const content = await render(name, peer);
    return content === null ? { kind: 'not-found' } : { kind: 'opened', file: memoryFile(content) };
  },
});

const memoryFile = (content: Uint8Array): OpenFile => ({
  sizeBytes: content.length,
  identity: null,
  read: (offset, length) =>
    offset >= 0 && offset + length <= content.length
      ? Promise.resolve(content.subarray(offset, offset + length))
      : Promise.reject(new RangeError('beyond the end of the content')),
  close: () => Promise.resolve(),
});
