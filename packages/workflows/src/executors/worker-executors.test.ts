import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PkiDeclaration } from '@formwork/core';
import { afterAll, describe, expect, it } from 'vitest';
import { createWorkerExecutors } from './worker-executors.ts';

const signal = new AbortController().signal;
let nowMs = Date.now();
const executors = createWorkerExecutors({ nowMs: () => nowMs });
const directory = mkdtempSync(join(tmpdir(), 'formwork-pki-'));
afterAll(() => rmSync(directory, { recursive: true }));

const authority: PkiDeclaration = {
  make: 'authority',
  issuer: null,
  commonName: 'etcd edge',
  dns: [],
  ip: [],
  days: 3650,
};
const leaf: PkiDeclaration = {
  make: 'leaf',
  issuer: 'etcd-ca',
  commonName: 'edge-etcd-1',
  dns: ['edge-etcd-1', 'localhost'],
  ip: ['10.77.0.11', '127.0.0.1', 'fd00::1'],
  days: 365,
};

async function made(declaration: PkiDeclaration, more: Partial<Parameters<typeof executors.pki>[0]> = {}) {
  const result = await executors.pki({ declaration, inputs: {}, existing: null, signal, ...more });
  if (result.kind !== 'done') throw new Error(JSON.stringify(result));
  const { certificate, key } = result.outputs;
  if (typeof certificate !== 'string' || typeof key !== 'string') throw new Error('outputs are missing');
  return { certificate, key, applied: result.applied };
}

describe('pki', () => {
  it('makes an authority and a leaf that openssl verifies, for server and client', async () => {
    const ca = await made(authority);
    const inputs = { needs: { 'etcd-ca': { certificate: ca.certificate, key: ca.key } } };
    const one = await made(leaf, { inputs });
    writeFileSync(join(directory, 'ca.pem'), ca.certificate);
    writeFileSync(join(directory, 'leaf.pem'), one.certificate);
    writeFileSync(join(directory, 'leaf.key'), one.key, { mode: 0o600 });
    const openssl = (...words: string[]): string => execFileSync('openssl', words, { cwd: directory }).toString();
    for (const purpose of ['sslserver', 'sslclient']) {
      const said = openssl('verify', '-x509_strict', '-purpose', purpose, '-CAfile', 'ca.pem', 'leaf.pem');
      expect(said.trim()).toBe('leaf.pem: OK');
    }
    const text = openssl('x509', '-in', 'leaf.pem', '-noout', '-text');
    expect(text).toContain(
      'DNS:edge-etcd-1, DNS:localhost, IP Address:10.77.0.11, IP Address:127.0.0.1, IP Address:FD00',
    );
    expect(text).toContain('TLS Web Server Authentication, TLS Web Client Authentication');
    expect(openssl('x509', '-in', 'leaf.pem', '-noout', '-pubkey')).toBe(openssl('pkey', '-in', 'leaf.key', '-pubout'));
    expect(one.key).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(Date.parse(new X509Certificate(one.certificate).validFrom)).toBeLessThan(nowMs);
  });

  it('keeps what still fits, and issues anew when names, issuer or time have changed', async () => {
    const ca = await made(authority);
    expect(await made(authority, { existing: { ...ca } })).toEqual({ ...ca, applied: false });
    const inputs = { requires: { 'etcd-ca': { certificate: ca.certificate, key: ca.key } } };
    const one = await made(leaf, { inputs });
    const existing = { certificate: one.certificate, key: one.key };
    expect((await made(leaf, { inputs, existing })).applied).toBe(false);
    expect((await made({ ...leaf, ip: ['10.77.0.12'] }, { inputs, existing })).applied).toBe(true);
    const other = await made(authority);
    const otherInputs = { needs: { 'etcd-ca': { certificate: other.certificate, key: other.key } } };
    expect((await made(leaf, { inputs: otherInputs, existing })).applied).toBe(true);
    nowMs += 300 * 86_400_000;
    expect((await made(leaf, { inputs, existing })).applied).toBe(true);
    nowMs = Date.now();
  });

  it('says what is missing, and never quotes a key', async () => {
    const noIssuer = await executors.pki({ declaration: leaf, inputs: {}, existing: null, signal });
    expect(noIssuer).toMatchObject({ kind: 'failed', message: expect.stringContaining('"etcd-ca"') as string });
    const inputs = { needs: { 'etcd-ca': { certificate: 'junk', key: 'very-secret-junk' } } };
    const bad = await executors.pki({ declaration: leaf, inputs, existing: null, signal });
    expect(bad.kind).toBe('failed');
    expect(JSON.stringify(bad)).not.toContain('very-secret-junk');
    const address = { ...leaf, ip: ['10.0.0.300'] };
    expect(await executors.pki({ declaration: address, inputs, existing: null, signal })).toMatchObject({
      kind: 'failed',
    });
  });
});

describe('http', () => {
  it('asks until the wanted status comes', async () => {
    let asked = 0;
    let authorization: string | undefined;
    const server = createServer((request, response) => {
      asked += 1;
      ({ authorization } = request.headers);
      response.statusCode = asked < 2 ? 503 : 204;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const declaration = {
      url: `http://127.0.0.1:${port}/ready`,
      method: 'GET',
      expectStatus: 204,
      timeoutMs: 20_000,
    } as const;
    expect(await executors.http({ declaration, inputs: {}, existing: null, signal })).toMatchObject({ kind: 'done' });
    expect(asked).toBe(2);
    const never = {
      ...declaration,
      url: `http://user:hunter22@127.0.0.1:${port}/ready?token=hunter22`,
      expectStatus: 500,
      timeoutMs: 900,
    };
    const late = await executors.http({ declaration: never, inputs: {}, existing: null, signal });
    expect(late.kind).toBe('timeout');
    expect(JSON.stringify(late)).not.toContain('hunter22');
    expect(authorization).toBe(`Basic ${Buffer.from('user:hunter22').toString('base64')}`);
    expect(late).toMatchObject({ message: expect.stringContaining('status 204') as string });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    const gone = await executors.http({
      declaration: { ...declaration, timeoutMs: 900 },
      inputs: {},
      existing: null,
      signal,
    });
    expect(gone).toMatchObject({ kind: 'timeout', message: expect.stringContaining('wanted status 204') as string });
    const file = { ...declaration, url: 'file:///etc/passwd' };
    expect((await executors.http({ declaration: file, inputs: {}, existing: null, signal })).kind).toBe('failed');
  });

  it('stops at once when told to', async () => {
    const controller = new AbortController();
    const declaration = { url: 'http://127.0.0.1:9/', method: 'GET', expectStatus: 200, timeoutMs: 60_000 } as const;
    const asking = executors.http({ declaration, inputs: {}, existing: null, signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(asking).rejects.toThrow('enough');
  });
});

it('noop is done', async () => {
  expect(await executors.noop({ declaration: null, inputs: {}, existing: null, signal })).toEqual({
    kind: 'done',
    outputs: {},
    applied: true,
  });
});
