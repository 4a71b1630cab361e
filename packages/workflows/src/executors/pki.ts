import { X509Certificate, createPrivateKey } from 'node:crypto';
import { isJsonObject } from '@formwork/core';
import type { JsonObject, PkiDeclaration } from '@formwork/core';
import type { ExecutorFunction } from './executor.ts';
import { failedBecause } from './executor.ts';
import { badAddress, issueAuthority, issueLeaf } from './issue-certificate.ts';
import type { IssuedCertificate } from './issue-certificate.ts';

const dayMs = 86_400_000;

/**
 * Makes an authority or a leaf; outputs `certificate` and `key`, PEM. An authority or leaf of before is kept while it
 * is what is wished for, signed by the same issuer and not in the last third of its life: a second authority would make
 * every certificate of the first one worthless.
 */
export function createPki(deps: { readonly nowMs: () => number }): ExecutorFunction<PkiDeclaration> {
  return async ({ declaration, inputs, existing, signal }) => {
    signal.throwIfAborted();
    const { make, commonName, dns, ip, days } = declaration;
    const wrong = badAddress(ip);
    if (wrong !== null) return failedBecause(`"${wrong}" is not an IP address`);
    if (!Number.isInteger(days) || days < 1) return failedBecause(`a certificate cannot be valid for ${days} days`);
    const issuer = make === 'leaf' ? issuerOf(declaration, inputs) : null;
    if (make === 'leaf' && issuer === null) {
      return failedBecause(`there is no certificate and key of the issuer "${declaration.issuer ?? ''}" in the inputs`);
    }
    const before = issuedFrom(existing);
    if (before !== null && stillFits(before, declaration, issuer, deps.nowMs())) {
      return { kind: 'done', outputs: { certificate: before.certificate, key: before.key }, applied: false };
    }
    const issued =
      issuer === null
        ? await issueAuthority({ commonName, days, nowMs: deps.nowMs() })
        : await issueLeaf({ issuer, commonName, dns, ip, days, nowMs: deps.nowMs() }).catch(() => null);
    // The reason may quote the key: it is not passed on.
    if (issued === null)
      return failedBecause(`the issuer "${declaration.issuer ?? ''}" has no usable certificate and key`);
    return { kind: 'done', outputs: { certificate: issued.certificate, key: issued.key }, applied: true };
  };
}

function issuerOf(declaration: PkiDeclaration, inputs: JsonObject): IssuedCertificate | null {
  const name = declaration.issuer ?? '';
  for (const kind of ['needs', 'requires']) {
    const producers = inputs[kind];
    const found = isJsonObject(producers) ? issuedFrom(producers[name]) : null;
    if (found !== null) return found;
  }
  return null;
}

function issuedFrom(value: JsonObject[string] | undefined): IssuedCertificate | null {
  if (!isJsonObject(value)) return null;
  const { certificate, key } = value;
  return typeof certificate === 'string' && typeof key === 'string' ? { certificate, key } : null;
}

function stillFits(
  before: IssuedCertificate,
  wish: PkiDeclaration,
  issuer: IssuedCertificate | null,
  nowMs: number,
): boolean {
  try {
    const certificate = new X509Certificate(before.certificate);
    const signer = issuer === null ? certificate : new X509Certificate(issuer.certificate);
    const endMs = Date.parse(certificate.validTo);
    const wanted = [...wish.dns.map((one) => `DNS:${one}`), ...wish.ip.map((one) => `IP Address:${canonicalIp(one)}`)];
    const named = certificate.subjectAltName?.split(', ').map((one) => one.replaceAll('"', '')) ?? [];
    const namesFit = wish.make === 'authority' || sameSet(wanted, named);
    return (
      certificate.subject === `CN=${wish.commonName}` &&
      certificate.ca === (wish.make === 'authority') &&
      namesFit &&
      certificate.checkPrivateKey(createPrivateKey(before.key)) &&
      certificate.verify(signer.publicKey) &&
      endMs - nowMs > (wish.days * dayMs) / 3
    );
  } catch {
    // Not readable: nothing to keep.
    return false;
  }
}

/** Node prints IPv6 in upper case without `::`; compared by what a URL makes of both. */
function canonicalIp(ip: string): string {
  if (!ip.includes(':')) return ip;
  const text = new URL(`http://[${ip}]`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const middle = Array.from({ length: tail === undefined ? 0 : 8 - left.length - right.length }, () => '0');
  return [...left, ...middle, ...right].join(':').toUpperCase();
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const set = new Set(a);
  return set.size === new Set(b).size && b.every((one) => set.has(one));
}
