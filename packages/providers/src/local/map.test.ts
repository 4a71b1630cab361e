import { describe, expect, it } from 'vitest';
import { localConfigurationSchema } from './configuration.ts';
import { catalogueOf, resolveRequest, type Host } from './map.ts';
import type { DriverName } from './node-record.ts';

const host: Host = { cpus: 4, memoryMib: 8200, arch: 'amd64', kernel: '6.1.0' };
const configuration = localConfigurationSchema.parse({});
const request = { image: null, size: null, capabilities: [], candidate: 0 };
const resolve = (change: object, driver: DriverName = 'nspawn') =>
  resolveRequest({ ...request, ...change }, configuration, driver, host);
const refusal = (change: object, driver: DriverName = 'nspawn'): string => {
  const resolved = resolve(change, driver);
  return resolved.ok ? 'accepted' : `${resolved.failure.code}: ${resolved.failure.message}`;
};

describe('a request', () => {
  it('that names nothing gets the default image and no limits', () => {
    expect(resolve({})).toEqual({
      ok: true,
      wanted: { image: 'debian-12', cpus: null, memoryGib: null, diskGib: null, capabilities: [] },
    });
  });

  it('by quantities or by name gets the same limits', () => {
    expect(resolve({ size: 'medium' })).toEqual(resolve({ size: { cpus: 2, memoryGib: 4 } }));
  });

  it('is refused with the nearest names', () => {
    expect(refusal({ image: 'debian-13' })).toMatch(/^unknown-image: .*nearest: debian-12/);
    expect(refusal({ size: 'smal' })).toMatch(/^unknown-size: .*nearest: small/);
    expect(refusal({ capabilities: ['container'] })).toMatch(/^unknown-capability: .*nearest: containers/);
  });

  it('that is too large for the host is refused', () => {
    expect(refusal({ size: { cpus: 5 } })).toMatch(/^size-too-large: .*cpus 5/);
    expect(refusal({ size: { memoryGib: 9 } })).toMatch(/^size-too-large: .*memoryGib 9/);
    expect(refusal({ size: { gpus: 1 } })).toMatch(/^size-too-large: .*gpus 1/);
    expect(refusal({ size: { arch: 'arm64' } })).toMatch(/^wrong-arch: .*arm64/);
  });

  it('for a second candidate finds none', () => {
    expect(refusal({ candidate: 1 })).toMatch(/^no-more-candidates/);
  });

  it('for containers is refused where nodes have no systemd', () => {
    expect(refusal({ capabilities: ['containers'] })).toBe('accepted');
    expect(refusal({ capabilities: ['containers'] }, 'plain')).toMatch(/^unknown-capability/);
  });
});

describe('the catalogue', () => {
  it('lists the images and what the host can give', () => {
    const at = new Date('2026-11-20T00:00:00Z');
    expect(catalogueOf(configuration, 'nspawn', host, 3, at)).toMatchObject({
      at: '2026-11-20T00:00:00.000Z',
      images: [{ name: 'debian-12', arch: 'amd64' }],
      custom: { maxCpus: 4, maxMemoryGib: 8 },
      capabilities: ['containers'],
      quota: { nodes: 100, used: 3 },
    });
  });
});
