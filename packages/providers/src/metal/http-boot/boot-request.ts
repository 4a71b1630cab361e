/** What iPXE says of the machine it runs on, in the query of its request. */
export interface BootRequest {
  /** `52:54:00:77:00:01`. */
  readonly mac: string;
  /** Lower case; null where firmware has none, or one of those that many machines share. */
  readonly uuid: string | null;
  readonly serial: string | null;
  readonly asset: string | null;
  readonly boardSerial: string | null;
  readonly manufacturer: string | null;
  readonly product: string | null;
  readonly firmware: 'bios' | 'uefi' | null;
  readonly architecture: string | null;
  /** PCI address of the interface, hexadecimal as iPXE has it. */
  readonly busId: string | null;
}

export type ParsedBootRequest =
  | { readonly ok: true; readonly request: BootRequest }
  | { readonly ok: false; readonly why: 'too-long' | 'no-mac' };

const longestQuery = 2048;
const longestValue = 128;
const mostParameters = 32;

/**
 * Reads the query of a request for a script (without its `?`). Never throws: what is odd in a value makes that value
 * null, since an old ROM that puts rubbish into its asset tag must boot all the same; without a MAC there is no machine.
 */
export function parseBootRequest(query: string): ParsedBootRequest {
  if (query.length > longestQuery) return { ok: false, why: 'too-long' };
  const values = new Map<string, string>();
  for (const part of query.split('&').slice(0, mostParameters)) {
    const [name = '', ...rest] = part.split('=');
    const value = decode(rest.join('='));
    if (value !== null && value !== '' && !values.has(name)) values.set(name, value);
  }
  const text = (name: string): string | null => values.get(name) ?? null;
  const matching = (name: string, pattern: RegExp): string | null => {
    const value = text(name)?.toLowerCase();
    return value !== undefined && pattern.test(value) ? value : null;
  };
  const mac = matching('mac', /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/)?.replaceAll('-', ':');
  if (mac === undefined) return { ok: false, why: 'no-mac' };
  const platform = text('platform');
  return {
    ok: true,
    request: {
      mac,
      uuid: matching('uuid', /^(?!(.)(?:\1|-)*$)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      serial: text('serial'),
      asset: text('asset'),
      boardSerial: text('board-serial'),
      manufacturer: text('manufacturer'),
      product: text('product'),
      firmware: platform === 'efi' ? 'uefi' : platform === 'pcbios' ? 'bios' : null,
      architecture: matching('buildarch', /^[a-z0-9_]{1,16}$/),
      busId: matching('busid', /^[0-9a-f]{2,32}$/),
    },
  };
}

/** Printable text of a sensible length, trimmed; null otherwise. */
function decode(value: string): string | null {
  try {
    const decoded = decodeURIComponent(value.replaceAll('+', ' ')).trim();
    return decoded.length <= longestValue && !/\p{Cc}|\p{Cs}/u.test(decoded) ? decoded : null;
  } catch {
    return null;
  }
}
