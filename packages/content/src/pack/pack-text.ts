import { packLimits } from './pack-limits.ts';

export const tooLarge = `a pack has at most ${packLimits.files} files of ${packLimits.fileBytes} bytes, ${packLimits.totalBytes} bytes in all`;

/** UTF-8 text without NUL; null for anything else. */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}
