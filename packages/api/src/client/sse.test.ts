import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readSse, type SseMessage } from './sse.ts';

async function readPieces(pieces: readonly Uint8Array[]): Promise<SseMessage[]> {
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  const messages: SseMessage[] = [];
  for await (const message of readSse(body, () => undefined)) messages.push(message);
  return messages;
}

describe('readSse', () => {
  it('reads the same events however the bytes are cut', async () => {
    const text = ': hi\r\n\r\nid: 1\r\nevent: a\r\ndata: {"x":"ä€"}\r\n\r\ndata: one\ndata:two\n\nid: 9\ndata: cut';
    const bytes = new TextEncoder().encode(text);
    const whole = [
      { event: 'a', id: '1', data: '{"x":"ä€"}' },
      { event: 'message', id: null, data: 'one\ntwo' },
    ];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 8 }), async (cuts) => {
        const places = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = places.slice(1).map((end, index) => bytes.slice(places[index], end));
        expect(await readPieces(pieces)).toEqual(whole);
      }),
    );
  });
});
