import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fuzzSettings, fuzzTimeoutMs } from '../testing/fuzz-settings.ts';
import { longestFactsReport, parseFactsReport } from './facts-report.ts';

const { numRuns, seed } = fuzzSettings('facts reports');
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

const report = {
  agent: '1',
  boot: { firmware: 'uefi', mac: '52-54-00-77-00-01', address: '10.77.0.50' },
  dmi: { uuid: '4C4C4544-0042', serial: ' SN-1\u0000 ', manufacturer: '' },
  cpu: { model: 'QEMU', architecture: 'x86_64', sockets: 1, cores: 2, threads: -4, flags: ['sse', 7] },
  memoryMiB: 2048,
  disks: [
    { name: 'vda', serial: 'd1', sizeBytes: 10 * 1024 ** 3, rotational: 'yes', extra: 1 },
    { serial: 'without a name' },
  ],
  nics: [{ name: 'eth0', mac: 'nonsense', link: true, lldp: { port: 'ge-0/0/1' } }],
  bmc: 'none',
};

describe('a facts report', () => {
  it('keeps what makes sense and makes null of the rest', () => {
    const parsed = parseFactsReport(bytes(report));
    if (!parsed.ok) throw new Error(parsed.why);
    const { facts } = parsed;
    expect(facts.boot).toEqual({ firmware: 'uefi', mac: '52:54:00:77:00:01', address: '10.77.0.50' });
    expect(facts.dmi).toMatchObject({ serial: 'SN-1', manufacturer: null, assetTag: null });
    expect(facts.cpu).toMatchObject({ cores: 2, threads: null, flags: ['sse'] });
    expect(facts.disks).toEqual([
      expect.objectContaining({ name: 'vda', sizeBytes: 10_737_418_240, rotational: null, wwn: null }),
    ]);
    expect(facts.nics[0]).toMatchObject({ mac: null, lldp: { chassis: null, port: 'ge-0/0/1', system: null } });
    expect(facts).toMatchObject({ numa: [], pci: [], gpus: [], bmc: null });
  });

  it('is refused when it is too long, no JSON, no object, or of another agent', () => {
    expect(parseFactsReport(Buffer.alloc(longestFactsReport + 1, 32))).toEqual({ ok: false, why: 'too-long' });
    expect(parseFactsReport(Buffer.from('{"agent":'))).toEqual({ ok: false, why: 'not-json' });
    expect(parseFactsReport(bytes([1]))).toEqual({ ok: false, why: 'not-an-object' });
    expect(parseFactsReport(bytes({ ...report, agent: '2' }))).toEqual({ ok: false, why: 'other-version' });
  });

  it('bounds its lists and texts', () => {
    const parsed = parseFactsReport(
      bytes({
        agent: '1',
        dmi: { product: 'x'.repeat(5000) },
        pci: Array.from({ length: 5000 }, () => ({ address: 'a' })),
      }),
    );
    if (!parsed.ok) throw new Error(parsed.why);
    expect(parsed.facts.pci).toHaveLength(512);
    expect(parsed.facts.dmi.product).toHaveLength(256);
  });

  it('never throws, whatever comes', { timeout: fuzzTimeoutMs() }, () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.jsonValue().map((value) => bytes(value)),
          fc
            .dictionary(fc.constantFrom('boot', 'dmi', 'cpu', 'disks', 'nics', 'bmc', 'pci'), fc.jsonValue())
            .map((value) => bytes({ agent: '1', ...value })),
        ),
        (body) => {
          const parsed = parseFactsReport(body);
          expect(typeof parsed.ok).toBe('boolean');
          if (parsed.ok) expect(parseFactsReport(bytes({ agent: '1', ...parsed.facts }))).toEqual(parsed);
        },
      ),
      { numRuns, seed },
    );
  });
});
