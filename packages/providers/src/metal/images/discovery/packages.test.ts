import { expect, it } from 'vitest';
import { readVersions } from './packages.ts';

it('versions are read from the names of archives', () => {
  const listing = 'libssl3_3.0.17-1~deb12u2_amd64.deb\nbusybox-static_1%3a1.35.0-4+b1_amd64.deb\npartial\nlock\n';
  expect(readVersions(listing)).toEqual({ 'busybox-static': '1:1.35.0-4+b1', libssl3: '3.0.17-1~deb12u2' });
});
