/** Little things of the wire that every part of the emulator's IPMI needs. */
export const le32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};

export const le16 = (value: number): readonly number[] => [value & 0xff, (value >> 8) & 0xff];

/** IPMI's checksum: all bytes and it add up to 0. */
export const complement = (bytes: Iterable<number>): number => {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return (256 - (sum % 256)) % 256;
};
