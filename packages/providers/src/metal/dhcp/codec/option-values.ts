import { type Cidr, type Ipv4, maskOf } from './ipv4.ts';

export function addressValue(...addresses: readonly Ipv4[]): Buffer {
  const value = Buffer.alloc(4 * addresses.length);
  for (const [index, address] of addresses.entries()) value.writeUInt32BE(address, 4 * index);
  return value;
}

export function secondsValue(seconds: number): Buffer {
  const value = Buffer.allocUnsafe(4);
  value.writeUInt32BE(seconds);
  return value;
}

export const textValue = (text: string): Buffer => Buffer.from(text, 'utf8');

/** Names without compression, which RFC 3397 allows and every client reads. */
export function domainSearchValue(domains: readonly string[]): Buffer {
  const labels = domains.flatMap((domain) => [
    ...domain.split('.').map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`, 'latin1')),
    Buffer.of(0),
  ]);
  return Buffer.concat(labels);
}

export interface Route {
  readonly to: Cidr;
  readonly via: Ipv4;
}

/** RFC 3442: prefix length, as many bytes of the destination as it covers, the router. */
export function routesValue(routes: readonly Route[]): Buffer {
  const parts = routes.flatMap(({ to, via }) => {
    const destination = addressValue((to.base & maskOf(to.prefixLength)) >>> 0);
    return [Buffer.of(to.prefixLength), destination.subarray(0, Math.ceil(to.prefixLength / 8)), addressValue(via)];
  });
  return Buffer.concat(parts);
}

/** Sub-options of an encapsulated option (43, 175). `end` as PXE wants it at the end of 43. */
export function encapsulated(subOptions: readonly (readonly [code: number, value: Buffer])[], end: boolean): Buffer {
  const parts = subOptions.flatMap(([code, value]) => [Buffer.of(code, value.length), value]);
  return Buffer.concat(end ? [...parts, Buffer.of(255)] : parts);
}

/** Text as clients send it: some add NULs. Bytes outside of printable ASCII are left out. */
export function readText(value: Buffer | undefined): string {
  return (
    value
      ?.toString('latin1')
      .replaceAll(/[^\x20-\x7e]/g, '')
      .trim() ?? ''
  );
}

/** A host name a client may claim: one label or more (RFC 1123), else ''. */
export function readHostname(value: Buffer | undefined): string {
  const name = readText(value);
  return /^[a-z0-9]([a-z0-9-]{0,62})(\.[a-z0-9]([a-z0-9-]{0,62}))*\.?$/i.test(name) && name.length <= 253 ? name : '';
}
