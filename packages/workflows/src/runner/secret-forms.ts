import { Buffer } from 'node:buffer';

/** Shorter ones would mask half of every log; they are not redacted. */
const shortestSecret = 4;
const shortestLine = 12;

/**
 * Every form one secret may take in a log, as latin1 text (one character a byte): itself, its long lines, JSON-escaped,
 * URL-encoded, and base64 at each of the three alignments it can have inside something longer, also wrapped.
 */
export function secretForms(secret: string): readonly string[] {
  const value = secret.trim();
  const forms = new Set<string>();
  const add = (text: string, shortest: number): void => {
    const bytes = Buffer.from(text).toString('latin1');
    if (bytes.length >= shortest) forms.add(bytes);
  };
  add(value, shortestSecret);
  add(JSON.stringify(value).slice(1, -1), shortestSecret);
  const encoded = percentEncoded(value);
  add(encoded, shortestSecret);
  add(encoded.replaceAll('%20', '+'), shortestSecret);
  const lines = value.split(/\r?\n/);
  if (lines.length > 1) {
    for (const line of lines) if (!line.startsWith('-----')) add(line.trim(), shortestLine);
  }
  for (const text of new Set([secret, value])) {
    base64Forms(text).forEach((form, shift) => {
      for (const one of [form, form.replaceAll('+', '-').replaceAll('/', '_')]) {
        // A short secret has few certain characters; fewer than six would be found everywhere.
        add(one, 6);
        if (shift > 0) continue;
        for (const width of [64, 76]) for (const piece of wrapped(one, width)) add(piece, 16);
      }
    });
  }
  return [...forms];
}

/** encodeURIComponent throws at a lone surrogate; those become U+FFFD here, as they do in UTF-8. */
function percentEncoded(text: string): string {
  return encodeURIComponent(Buffer.from(text).toString());
}

/** The characters of base64 that depend on this secret alone, whatever stands before and after it. */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].map((shift) => {
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replaceAll('=', '');
    const total = shift + bytes.length;
    const from = shift === 0 ? 0 : shift + 1;
    const to = total % 3 === 0 ? text.length : text.length - 1;
    return text.slice(from, to);
  });
}

function wrapped(text: string, width: number): string[] {
  if (text.length <= width) return [];
  const pieces: string[] = [];
  for (let at = 0; at < text.length; at += width) pieces.push(text.slice(at, at + width));
  return pieces;
}
