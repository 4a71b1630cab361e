/** What the agent makes of a machine's files, and which disk it takes hints for. */
import { generateKeyPairSync, verify } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { canonicalRequest, publicKeyOf } from '../../../../../../test/lab/agent-server/signed-request.ts';
import { type AgentMachine, openAgentMachine } from './testing/agent-machine.ts';

let machine: AgentMachine;
const site = generateKeyPairSync('ed25519');
beforeEach(() => {
  machine = openAgentMachine({
    arguments: ['formwork.server=http://10.77.0.1:8080', 'formwork.mac=52-54-00-77-00-01'],
    sitePublicKey: site.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  });
});
afterEach(() => machine.close());

const parts = ['log', 'json', 'keys', 'http', 'network', 'lldp', 'facts'];

describe('facts', () => {
  it('are whole and clean, whatever a vendor has written', async () => {
    const facts: unknown = JSON.parse(await machine.shell(parts, 'read_settings; all_facts'));
    expect(facts).toMatchObject({
      agent: '1',
      boot: { firmware: 'bios', mac: '52:54:00:77:00:01', address: null },
      dmi: {
        uuid: '4c4c4544-0042-3510-8052-b4c04f4d3332',
        // Control characters are spaces, what is no UTF-8 is replaced.
        serial: 'AB "12\\3 \ufffd\ufffd',
        assetTag: null,
        boardSerial: 'x'.repeat(256),
        chassisSerial: null,
        manufacturer: "O'Brien & Söhne",
        product: 'PowerEdge',
        biosVersion: null,
      },
      cpu: { model: 'Xeon "Gold"', sockets: 2, cores: 2, threads: 4, flags: ['vmx', 'avx2', 'lm'] },
      numa: [
        { node: 0, cpus: '0-1', memoryMiB: 3922 },
        { node: 1, cpus: '2-3', memoryMiB: 3922 },
      ],
      memoryMiB: 8192,
      gpus: [{ address: '0000:03:00.0', vendor: '10de', device: '20b5', class: '030200' }],
      bmc: null,
    });
  });

  it('name a disk by everything that stays, and leave out media and loops', async () => {
    const facts = z
      .looseObject({ disks: z.unknown() })
      .parse(JSON.parse(await machine.shell(parts, 'collect_facts disks')));
    expect(facts.disks).toEqual([
      {
        name: 'nvme0n1',
        serial: 'S64GNE0R',
        wwn: '0x36344730526b01880025384100000001',
        byPath: 'pci-0000:01:00.0-nvme-1',
        model: 'SAMSUNG MZ1L2',
        sizeBytes: 2_000_398_934_016,
        rotational: false,
        transport: 'nvme',
      },
      {
        name: 'sda',
        serial: 'Z1W0ABCD',
        wwn: '0x5000c500a1b2c3d4',
        byPath: 'pci-0000:00:1f.2-ata-2',
        model: 'ST1000NM0033',
        sizeBytes: 1_000_204_886_016,
        rotational: true,
        transport: 'sata',
      },
      {
        name: 'vda',
        serial: 'DISK1',
        wwn: null,
        byPath: 'pci-0000:00:04.0',
        model: null,
        sizeBytes: 4_194_304,
        rotational: false,
        transport: 'virtio',
      },
    ]);
  });

  it('say of a card what its link and its switch say', async () => {
    const capture = Buffer.concat([
      Buffer.alloc(24 + 16),
      Buffer.from('0180c200000e0200000000aa88cc', 'hex'),
      // Chassis: MAC; port: an interface's name with a quote; life; system name with an octet that is no ASCII.
      Buffer.from(`0207040200000000aa`, 'hex'),
      Buffer.from([0x04, 6, 5, ...Buffer.from('et"1\\')]),
      Buffer.from('06020078', 'hex'),
      Buffer.from([0x0a, 4, ...Buffer.from('sw'), 0xe9, 0x31]),
      Buffer.alloc(2),
    ]);
    mkdirSync(join(machine.run, 'lldp'));
    writeFileSync(join(machine.run, 'lldp/eth0'), capture);
    // Cut off in the middle of a part.
    writeFileSync(join(machine.run, 'lldp/eth1'), capture.subarray(0, 60));
    const facts = z
      .looseObject({ nics: z.unknown() })
      .parse(JSON.parse(await machine.shell(parts, 'collect_facts nics')));
    expect(facts.nics).toEqual([
      {
        ...{
          name: 'eth0',
          mac: '52:54:00:77:00:01',
          driver: 'ixgbe',
          pci: '0000:02:00.0',
          link: true,
          speedMbps: 10_000,
        },
        lldp: { chassis: '02:00:00:00:00:aa', port: 'et"1\\', system: 'sw?1' },
      },
      {
        ...{
          name: 'eth1',
          mac: '52:54:00:77:00:02',
          driver: 'ixgbe',
          pci: '0000:02:00.0',
          link: false,
          speedMbps: null,
        },
        lldp: null,
      },
    ]);
  });
});

describe('hints', () => {
  it('choose by what is said, and by all of it', async () => {
    const expected: readonly [object | null, string][] = [
      [{ serial: 'z1w0abcd ' }, 'sda'],
      [{ wwn: '5000C500A1B2C3D4' }, 'sda'],
      [{ wwn: 'naa.5000c500a1b2c3d4' }, 'sda'],
      [{ byPath: 'pci-0000:01:00.0-nvme-1' }, 'nvme0n1'],
      [{ model: 'samsung' }, 'nvme0n1'],
      [{ rotational: false }, 'nvme0n1 vda'],
      [{ rotational: false, minBytes: 1e12 }, 'nvme0n1'],
      [{ maxBytes: 4_194_304 }, 'vda'],
      [{ name: 'vda' }, 'vda'],
      [{ serial: 'DISK1', rotational: true }, ''],
      [{ wwn: '' }, ''],
      [{}, 'nvme0n1 sda vda'],
      [null, 'nvme0n1 sda vda'],
    ];
    for (const [hints, names] of expected) {
      const line = `facts_disks | jq -L "$LIB" -n -R -r --argjson hints '${JSON.stringify(hints)}' -f "$LIB/disks.jq" >"$RUN/disks"; . "$RUN/disks"; printf '%s' "$disk_names"`;
      expect(await machine.shell(parts, line), JSON.stringify(hints)).toBe(names);
    }
  });
});

describe('signatures', () => {
  it('of requests are ed25519 of method, target, counter and the body’s sha256', async () => {
    const body = '{"a":"ü\\n"}';
    writeFileSync(join(machine.run, 'body'), body);
    writeFileSync(join(machine.run, 'session'), 'session-1\n');
    const line = `make_key; sign_request POST '/agent/v1/x?y=1&z' "$RUN/body"; sign_request POST '/agent/v1/x?y=1&z' "$RUN/body"; printf '%s %s %s' "$counter" "$signature" "$(public_key)"`;
    const [counter = '', signature = '', key = ''] = (await machine.shell(parts, line)).split(' ');
    expect(counter).toBe('2');
    const raw = Buffer.from(key, 'base64');
    expect(raw).toHaveLength(32);
    const signed = canonicalRequest('POST', '/agent/v1/x?y=1&z', '2', Buffer.from(body));
    expect(verify(null, signed, publicKeyOf(raw), Buffer.from(signature, 'base64'))).toBe(true);
  });
});

describe('texts', () => {
  it.each(['plain', 'a "quoted" \\ text', "it's\ttabbed\nlines", 'ünï\u0000code', ''])(
    '%j is JSON without jq',
    async (text) => {
      writeFileSync(join(machine.run, 'text'), text);
      const value: unknown = JSON.parse(await machine.shell(parts, 'json_text <"$RUN/text"'));
      expect(value).toBe(
        Buffer.from(text)
          .toString('latin1')
          .replaceAll(/[\t\n]/g, ' ')
          .replaceAll(/[^ -~]/g, '?'),
      );
    },
  );
});
