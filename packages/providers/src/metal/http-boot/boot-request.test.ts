import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fuzzSettings } from '../testing/fuzz-settings.ts';
import { parseBootRequest } from './boot-request.ts';

const { numRuns, seed } = fuzzSettings('boot requests');

it('reads what iPXE says of its machine', () => {
  const query =
    'mac=52-54-00-77-00-01&busid=010001&address=10.77.0.100&uuid=00000000-0000-4000-8000-000000000001&serial=SN%2F1' +
    '&asset=&manufacturer=QEMU&product=Standard+PC%20(Q35)&platform=pcbios&buildarch=i386';
  expect(parseBootRequest(query)).toEqual({
    ok: true,
    request: {
      mac: '52:54:00:77:00:01',
      uuid: '00000000-0000-4000-8000-000000000001',
      serial: 'SN/1',
      asset: null,
      boardSerial: null,
      manufacturer: 'QEMU',
      product: 'Standard PC (Q35)',
      firmware: 'bios',
      architecture: 'i386',
      busId: '010001',
    },
  });
});

it('makes nothing of what is odd, and boots the machine all the same', () => {
  const query = `mac=52:54:00:77:00:01&uuid=ffffffff-ffff-ffff-ffff-ffffffffffff&serial=a%0Ab&asset=%ff&product=${'x'.repeat(200)}`;
  expect(parseBootRequest(query)).toMatchObject({
    ok: true,
    request: { uuid: null, serial: null, asset: null, product: null },
  });
});

it('needs a MAC, once, and not all the memory', () => {
  for (const query of ['', 'mac=', 'mac=../../etc/shadow', 'mac=52-54-00-77-00', 'MAC=52-54-00-77-00-01', '%']) {
    expect(parseBootRequest(query)).toEqual({ ok: false, why: 'no-mac' });
  }
  expect(parseBootRequest(`mac=52-54-00-77-00-01&x=${'y'.repeat(3000)}`)).toEqual({ ok: false, why: 'too-long' });
  const twice = parseBootRequest('mac=52-54-00-77-00-01&mac=52-54-00-77-00-02');
  expect(twice).toMatchObject({ request: { mac: '52:54:00:77:00:01' } });
});

it('property: never throws, and what it reads has no control character', () => {
  const piece = fc.oneof(
    fc.constantFrom('mac=52-54-00-77-00-01', '&', '=', '%', '%0a', '%c3', 'serial=', 'uuid=', '+', '&serial=a'),
    fc.string(),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const parsed = parseBootRequest(pieces.join(''));
      if (parsed.ok) expect(Object.values(parsed.request).join('')).not.toMatch(/\p{Cc}/u);
    }),
    { numRuns, seed },
  );
});
