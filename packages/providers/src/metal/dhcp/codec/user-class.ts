import { readText } from './option-values.ts';

/**
 * User classes of option 77. RFC 3004 puts a length before each; iPXE and others send the bare text. Both are tried: a
 * text can look like the other form, so that all readings are answered.
 */
export function readUserClasses(value: Buffer | undefined): readonly string[] {
  if (value === undefined || value.length === 0) return [];
  const classes = [readText(value)];
  let at = 0;
  while (at < value.length) {
    const length = value.readUInt8(at);
    if (length === 0 || at + 1 + length > value.length) return classes.slice(0, 1);
    classes.push(readText(value.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return classes;
}
