import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createFrameParser } from './frame-parser.ts';
import type { Frame } from './frame-parser.ts';

it('reads frames however the bytes are cut, past a banner and with any payload', () => {
  const payload = Buffer.from('FW1 end done\n\0\xff', 'latin1');
  const said = Buffer.concat([
    Buffer.from('Welcome to Debian!\n\nFW1 need inputs\nFW1 started\n'),
    Buffer.from(`FW1 log 12 ${payload.length}\n`),
    payload,
    Buffer.from('FW1 file out.json 0\nFW1 end done - 0 1 5000 boot-1\n'),
  ]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 })), (cuts) => {
      const frames: Frame[] = [];
      const parse = createFrameParser((frame) => frames.push(frame));
      let rest = said;
      for (const cut of cuts) {
        parse(rest.subarray(0, cut));
        rest = rest.subarray(cut);
      }
      parse(rest);
      expect(frames.map((frame) => frame.words.join(' '))).toEqual([
        'need inputs',
        'started',
        `log 12 ${payload.length}`,
        'file out.json 0',
        'end done - 0 1 5000 boot-1',
      ]);
      expect(frames[2]?.payload.equals(payload)).toBe(true);
    }),
  );
});
