/** What a client asked for, made safe: relative, `/` between segments, never above the root. */
export interface FileName {
  /** At least one segment; none is empty, `.` or `..`. */
  readonly path: string;
  /** A first segment that is a MAC address, as `52:54:00:77:00:01`, and what follows it: a name of that machine's own. */
  readonly ofMachine: { readonly mac: string; readonly path: string } | null;
}

export type NameRefusal = 'empty' | 'too-long' | 'not-text' | 'control-character' | 'leaves-the-root';

export type ReadName =
  | { readonly ok: true; readonly name: FileName }
  | { readonly ok: false; readonly why: NameRefusal };

const longestPath = 512;
const longestSegment = 255;
/** With a hardware type before it, as pxelinux has it, or without. */
const machineSegment = /^(?:01[:-])?([0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\2[0-9a-f]{2}){4})$/i;

/**
 * Makes a name of the octets in a request (as latin-1). ROMs ask for `file\xff` (option 67 read as a C string), Windows
 * loaders for `\Boot\BCD` or `C:\file`, many for `/file`. Percent signs mean nothing here, so they decode to nothing.
 */
export function readName(octets: string): ReadName {
  if (octets.length > longestPath) return { ok: false, why: 'too-long' };
  const text = decodeUtf8(octets.replace(/[\xff\0]+$/, ''));
  if (text === null) return { ok: false, why: 'not-text' };
  // C0, DEL and C1: nothing that a terminal or a log would act on.
  if (/\p{Cc}/u.test(text)) return { ok: false, why: 'control-character' };
  const relative = text.replaceAll('\\', '/').replace(/^(?:\/|[a-z]:)+/i, '');
  const segments = relative.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..')) return { ok: false, why: 'leaves-the-root' };
  if (segments.some((segment) => Buffer.byteLength(segment) > longestSegment)) return { ok: false, why: 'too-long' };
  const [first, ...rest] = segments;
  if (first === undefined) return { ok: false, why: 'empty' };
  const mac = machineSegment.exec(first)?.[1];
  return {
    ok: true,
    name: {
      path: segments.join('/'),
      ofMachine:
        mac === undefined || rest.length === 0
          ? null
          : { mac: mac.replaceAll('-', ':').toLowerCase(), path: rest.join('/') },
    },
  };
}

function decodeUtf8(octets: string): string | null {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(octets, 'latin1'));
  } catch {
    return null;
  }
}
