/** Makes X.509 certificates (RFC 5280) with fresh EC P-256 keys, signed by ECDSA with SHA-256. */
import 'reflect-metadata';
import { createPrivateKey, KeyObject, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** PEM: a certificate, and its key as PKCS#8. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
}

const keys = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signing = { name: 'ECDSA', hash: 'SHA-256' } as const;
const dayMs = 86_400_000;
/** Clocks of machines differ: valid from a little before now. */
const clockSkewMs = 5 * 60_000;

/** A self-signed authority that may sign leaves only. */
export async function issueAuthority(wish: {
  readonly commonName: string;
  readonly days: number;
  readonly nowMs: number;
}): Promise<IssuedCertificate> {
  const pair = await webcrypto.subtle.generateKey(keys, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: [{ CN: [wish.commonName] }],
    ...validity(wish),
    signingAlgorithm: signing,
    keys: pair,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign | KeyUsageFlags.digitalSignature, true),
      await SubjectKeyIdentifierExtension.create(pair.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: keyPem(pair.privateKey) };
}

/** A leaf for server and client alike: members of a cluster are both. Throws when the issuer's PEM is not readable. */
export async function issueLeaf(wish: {
  readonly issuer: IssuedCertificate;
  readonly commonName: string;
  readonly dns: readonly string[];
  readonly ip: readonly string[];
  readonly days: number;
  readonly nowMs: number;
}): Promise<IssuedCertificate> {
  const issuer = new X509Certificate(wish.issuer.certificate);
  const pkcs8 = createPrivateKey(wish.issuer.key).export({ type: 'pkcs8', format: 'der' });
  const issuerKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, keys, false, ['sign']);
  const pair = await webcrypto.subtle.generateKey(keys, true, ['sign', 'verify']);
  const names = [
    ...wish.dns.map((value) => ({ type: 'dns', value }) as const),
    ...wish.ip.map((value) => ({ type: 'ip', value }) as const),
  ];
  const { notBefore, notAfter } = validity(wish);
  const certificate = await X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: [{ CN: [wish.commonName] }],
    issuer: issuer.subjectName,
    notBefore,
    // What outlives its issuer only looks valid.
    notAfter: notAfter < issuer.notAfter ? notAfter : issuer.notAfter,
    publicKey: pair.publicKey,
    signingKey: issuerKey,
    signingAlgorithm: signing,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth]),
      ...(names.length === 0 ? [] : [new SubjectAlternativeNameExtension(names)]),
      await SubjectKeyIdentifierExtension.create(pair.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer.publicKey),
    ],
  });
  return { certificate: pem(certificate), key: keyPem(pair.privateKey) };
}

/** What X.509 cannot say is found here, before anything is made; null when all is well. */
export function badAddress(ip: readonly string[]): string | null {
  return ip.find((one) => isIP(one) === 0) ?? null;
}

function validity(wish: { readonly days: number; readonly nowMs: number }): { notBefore: Date; notAfter: Date } {
  // Certificates count in whole seconds.
  const fromMs = Math.floor((wish.nowMs - clockSkewMs) / 1000) * 1000;
  return { notBefore: new Date(fromMs), notAfter: new Date(fromMs + wish.days * dayMs) };
}

/** 127 random bits, positive and never zero, hex (RFC 5280, 4.1.2.2). */
function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  const [first = 0, ...rest] = bytes;
  return [(first & 0x3f) | 0x40, ...rest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

const pem = (certificate: X509Certificate): string => `${certificate.toString('pem')}\n`;

function keyPem(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}
