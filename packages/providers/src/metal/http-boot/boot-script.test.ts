import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BootDecision, renderBootScript, renderFirstScript } from './boot-script.ts';
import { ipxeEcho, ipxeWord } from './ipxe-text.ts';

const context = { baseUrl: 'http://10.77.0.1:8080' };
const image = { kernel: 'files/vmlinuz', initrd: 'files/initrd', arguments: ['console=ttyS0', 'quiet'] };

it('gives an unknown machine the discovery image, and nothing that is secret', () => {
  expect(renderBootScript({ kind: 'discover', image, token: null }, context)).toMatchInlineSnapshot(`
    "#!ipxe
    imgfree
    kernel --name kernel http://10.77.0.1:8080/files/vmlinuz initrd=initrd formwork.mode=discover formwork.server=http://10.77.0.1:8080 formwork.mac=\${netX/mac:hexhyp} console=ttyS0 quiet || goto failed
    initrd --name initrd http://10.77.0.1:8080/files/initrd || goto failed
    boot || goto failed
    :failed
    echo discover did not start, trying again
    sleep 5
    chain --autofree --replace http://10.77.0.1:8080/boot.ipxe || goto failed
    "
  `);
});

it('sends an installed machine to its own disk, whatever its firmware', () => {
  expect(renderBootScript({ kind: 'local' }, context)).toMatchInlineSnapshot(`
    "#!ipxe
    echo this machine is installed: its own disk
    iseq \${platform} efi && exit 0 ||
    sanboot --no-describe --drive 0x80 || exit 1
    "
  `);
});

it('asks on every interface, again and again, with longer pauses', () => {
  const script = renderFirstScript(context);
  expect(script).toMatch(/^#!ipxe\n/);
  expect(script).toContain('mac=${net${nic}/mac:hexhyp}&');
  expect(script).toContain('serial=${serial:uristring}');
  expect(script.trimEnd().split('\n').at(-1)).toBe('goto again');
});

describe('what is put into a script', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom('a\nexit', '${cwuri}', 'x || shell', '; shell', '&& shell', '\r\n#!ipxe', '#', '\0', '"a b"', "'"),
  );
  /** Commands of a script by line, each word of it. */
  const commandsOf = (script: string): string[] => script.split('\n').map((line) => line.split(/\s/)[0] ?? '');

  it('property: no value changes the lines of a script, ends a command or names a setting', () => {
    const decision = fc.oneof(
      fc.record({ kind: fc.constant('wait' as const), reason: text, seconds: fc.double() }),
      fc.record({
        kind: fc.constantFrom('install' as const, 'rescue' as const),
        token: text,
        image: fc.record({ kernel: text, initrd: text, arguments: fc.array(text, { minLength: 1, maxLength: 3 }) }),
      }),
    );
    fc.assert(
      fc.property(decision, (given: BootDecision) => {
        const harmless: BootDecision =
          given.kind === 'wait' ? { ...given, reason: 'x' } : { kind: 'rescue', image, token: 'x' };
        const script = renderBootScript(given, context);
        expect(commandsOf(script)).toEqual(commandsOf(renderBootScript(harmless, context)));
        expect(script.replaceAll('${netX/mac:hexhyp}', '')).not.toContain('$');
        expect(script.match(/ (\|\||&&|;) /g) ?? []).toEqual(
          renderBootScript(harmless, context).match(/ (\|\||&&|;) /g) ?? [],
        );
        expect(script.replaceAll('\n', '')).toMatch(/^[\x20-\x7e]+$/);
      }),
      { numRuns: 5000 },
    );
  });

  it('is readable where it may be', () => {
    expect(ipxeEcho('held: waits for approval (rack 3)')).toBe('held: waits for approval (rack 3)');
    expect(ipxeEcho('a\n${x} || b')).toBe('a___x_ __ b');
    expect(ipxeWord('root=/dev/vda 2')).toBe('root=/dev/vda%202');
    expect(ipxeWord('&&')).toBe('%26%26');
  });
});
