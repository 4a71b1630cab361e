/** One field of an FRU area: the type in bits 7:6 of its first byte, the length in 5:0 (FRU Storage Definition, 13). */
const bcdPlus = '0123456789 -.:,_';

export function fruText(type: number, bytes: Buffer): string {
  switch (type) {
    case 0:
      return bytes.toString('hex');
    case 1:
      return [...bytes]
        .map((byte) => `${bcdPlus[byte >> 4] ?? ''}${bcdPlus[byte & 15] ?? ''}`)
        .join('')
        .trim();
    case 2:
      return sixBit(bytes).trim();
    default:
      return bytes
        .toString('latin1')
        .replaceAll(/[^\x20-\x7e\xa0-\xff]/g, '')
        .trim();
  }
}

/** Four characters in three bytes, lowest bits first, from space upward. */
function sixBit(bytes: Buffer): string {
  let bits = 0;
  let held = 0;
  let text = '';
  for (const byte of bytes) {
    bits |= byte << held;
    held += 8;
    for (; held >= 6; held -= 6, bits >>= 6) text += String.fromCharCode(0x20 + (bits & 0x3f));
  }
  return text;
}
