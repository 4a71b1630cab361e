import { describe, expect, it } from 'vitest';
import { option } from '../codec/option-codes.ts';
import { addressValue } from '../codec/option-values.ts';
import { labBoot, labSubnet } from '../testing/lab-network.ts';
import { ip, packetOf, type PacketOptions } from '../testing/packets.ts';
import { createWorld, optionOf, textOptionOf } from '../testing/world.ts';

const mac = '52:54:00:00:00:0a';
const arch = (code: number) => ({ [option.architecture]: Buffer.of(code >> 8, code & 255) });
const pxe = (code: number): PacketOptions => ({
  [option.vendorClass]: 'PXEClient:Arch:000xx:UNDI:002001',
  ...arch(code),
});
const http = (code: number) => ({ [option.vendorClass]: 'HTTPClient:Arch:00016:UNDI:003001', ...arch(code) });
const discover = (options: PacketOptions, xid = 1) => packetOf('discover', { mac, xid, options });

describe('what to boot', () => {
  const script = labBoot.script;
  it.each([
    ['BIOS', pxe(0), 'undionly.kpxe'],
    ['x64 UEFI', pxe(7), 'snponly.efi'],
    ['x64 UEFI that says EBC', pxe(9), 'snponly.efi'],
    ['arm64 UEFI', pxe(11), 'snponly-arm64.efi'],
    [
      'a ROM that says it in its class alone',
      { [option.vendorClass]: 'PXEClient:Arch:00007:UNDI:003016' },
      'snponly.efi',
    ],
    ['a ROM that says nothing', { [option.vendorClass]: 'PXEClient' }, 'undionly.kpxe'],
    ['x64 UEFI over HTTP', http(16), 'http://10.77.0.1:8080/snponly.efi'],
    ['BIOS over HTTP', http(20), 'http://10.77.0.1:8080/undionly.kpxe'],
    ['firmware that says HTTP by its architecture', pxe(16), 'http://10.77.0.1:8080/snponly.efi'],
    ['iPXE by its bare class', { ...pxe(0), [option.userClass]: 'iPXE' }, script],
    ['iPXE by its RFC 3004 class', { ...pxe(7), [option.userClass]: '\x04iPXE' }, script],
    ['iPXE by option 175 alone', { ...pxe(7), [option.ipxe]: Buffer.of(0x13, 1, 1) }, script],
    ['our own iPXE among other classes', { ...pxe(7), [option.userClass]: '\x04iPXE\x08formwork' }, script],
  ])('%s', (_name, options, file) => {
    const reply = createWorld().reply(discover(options));
    expect([reply.packet.file, textOptionOf(reply, option.bootFileName)]).toEqual([file, file]);
  });

  it('no boot client gets no boot option', () => {
    const reply = createWorld().reply(discover({ [option.vendorClass]: 'udhcp 1.35.0' }));
    const boot = [option.bootFileName, option.tftpServerName, option.vendorClass, option.vendorSpecific, option.ipxe];
    expect(boot.map((code) => optionOf(reply, code))).toEqual(boot.map(() => undefined));
    expect([reply.packet.file, reply.packet.siaddr, reply.packet.sname]).toEqual(['', 0, '']);
  });

  it('PXE firmware: class with option 43, server in siaddr, sname and 66, its identifier back', () => {
    const guid = Buffer.alloc(17, 7);
    const reply = createWorld().reply(discover({ ...pxe(7), [option.machineIdentifier]: guid }));
    expect(textOptionOf(reply, option.vendorClass)).toBe('PXEClient');
    expect(optionOf(reply, option.vendorSpecific)).toBe('060108ff');
    expect(optionOf(reply, option.machineIdentifier)).toBe(guid.toString('hex'));
    expect([reply.packet.siaddr, reply.packet.sname, textOptionOf(reply, option.tftpServerName)]).toEqual([
      ip('10.77.0.1'),
      '10.77.0.1',
      '10.77.0.1',
    ]);
    expect(optionOf(reply, option.leaseTime)).toBe('0000012c');
  });

  it('HTTP firmware: its class back, a resolver, no option 43', () => {
    const reply = createWorld().reply(discover({ ...http(16), [option.parameterList]: Buffer.of(1, 3) }));
    expect(textOptionOf(reply, option.vendorClass)).toBe('HTTPClient');
    expect(optionOf(reply, option.vendorSpecific)).toBeUndefined();
    expect(optionOf(reply, option.dnsServers)).toBe('0a4d0002');
  });

  it('iPXE: need not wait for a proxy, and takes us for none', () => {
    const reply = createWorld().reply(discover({ ...pxe(0), [option.userClass]: 'iPXE' }));
    expect([optionOf(reply, option.ipxe), optionOf(reply, option.vendorClass)]).toEqual(['b00101', undefined]);
  });

  it('a node’s own script, loader, C string; and no netboot at all', () => {
    const node = { macs: [mac], script: 'http://10.77.0.1/special', loader: 'raspberry-pi', terminateBootFile: true };
    const boot = { ...labBoot, loaders: { 'raspberry-pi': 'start4.elf' } };
    const world = createWorld({ boot, nodes: [node] });
    expect(textOptionOf(world.reply(discover(pxe(0))), option.bootFileName)).toBe('start4.elf\0');
    expect(world.reply(discover({ ...pxe(0), [option.userClass]: 'iPXE' })).packet.file).toBe(node.script);
    const none = createWorld({ nodes: [{ macs: [mac], netboot: false }] }).reply(discover(pxe(0)));
    expect([none.packet.file, optionOf(none, option.bootFileName)]).toEqual(['', undefined]);
  });

  it('an architecture nobody has a file for gets none', () => {
    expect(createWorld().reply(discover(pxe(31))).packet.file).toBe('');
  });
});

describe('loops', () => {
  const rechain = { boot: { ...labBoot, rechainStockIpxe: true } };
  const stock = { ...pxe(0), [option.userClass]: 'iPXE' };

  it('a stock iPXE gets our own first, and the script when that did not make it ours', () => {
    const world = createWorld(rechain);
    expect(world.reply(discover(stock, 1)).packet.file).toBe('undionly.kpxe');
    world.history = { loaders: 1, lastXid: 1 };
    expect(world.reply(discover(stock, 1)).packet.file).toBe('undionly.kpxe');
    expect(world.reply(discover(stock, 2)).packet.file).toBe(labBoot.script);
  });

  it('firmware that never gets beyond its loader goes on to its next device', () => {
    const world = createWorld();
    world.history = { loaders: 5, lastXid: 1 };
    const reply = world.reply(discover(pxe(0), 2));
    expect([reply.packet.file, reply.bootLoop]).toEqual(['', true]);
  });
});

describe('beside another server', () => {
  const proxy = () => createWorld({ subnets: [{ ...labSubnet, mode: 'proxy' }] });

  it('offers no address and no network, to who boots and says what it is', () => {
    const reply = proxy().reply(discover(pxe(7)));
    expect([reply.type, reply.packet.yiaddr, reply.change]).toEqual(['offer', 0, null]);
    expect(reply.packet.options.map(({ code }) => code)).toEqual([
      option.messageType,
      option.serverIdentifier,
      option.vendorClass,
      option.vendorSpecific,
      option.bootFileName,
      option.tftpServerName,
    ]);
    expect(reply.to).toEqual({ address: 0xffffffff, port: 'client' });
    expect(proxy().silent(discover({}))).toBe('not-a-boot-client');
    expect(proxy().silent(discover({ [option.vendorClass]: 'PXEClient' }))).toBe('not-a-boot-client');
    expect(proxy().silent(packetOf('inform', { mac, ciaddr: '10.77.0.50' }))).toBe('not-a-boot-client');
  });

  it('an iPXE takes it for a proxy', () => {
    const reply = proxy().reply(discover({ ...pxe(0), [option.userClass]: 'iPXE' }));
    expect([textOptionOf(reply, option.vendorClass), reply.packet.file]).toEqual(['PXEClient', labBoot.script]);
  });

  it('leaves requests for the other server’s leases alone', () => {
    const other = { ...pxe(7), [option.serverIdentifier]: addressValue(ip('10.77.0.9')) };
    expect(proxy().silent(packetOf('request', { mac, options: other }))).toBe('other-server');
  });

  it('4011: answers to where it was asked from, and gives the chosen item back', () => {
    const from = { toBootServer: true, sourceAddress: ip('10.77.0.50'), sourcePort: 4011 };
    const options = { ...pxe(7), [option.vendorSpecific]: Buffer.of(71, 4, 0, 0, 0, 0, 255) };
    for (const world of [proxy(), createWorld()]) {
      const reply = world.reply(packetOf('request', { mac, ciaddr: '10.77.0.50', options }), from);
      expect([reply.type, reply.packet.yiaddr, reply.packet.file]).toEqual(['ack', 0, 'snponly.efi']);
      expect(reply.to).toEqual({ address: ip('10.77.0.50'), port: 4011 });
      expect(optionOf(reply, option.vendorSpecific)).toBe('060108470400000000ff');
    }
    expect(proxy().silent(packetOf('request', { mac, ciaddr: '10.77.0.50' }), from)).toBe('not-a-boot-client');
    expect(proxy().silent(packetOf('discover', { mac, options }), from)).toBe('unsupported-type');
    expect(proxy().silent(packetOf('request', { mac, options }), { ...from, sourceAddress: 0 })).toBe(
      'unsupported-type',
    );
  });
});

describe('the network’s options', () => {
  const rich = {
    ...labSubnet,
    ntpServers: ['10.77.0.3'],
    logServers: ['10.77.0.4'],
    domainName: 'lab.example',
    domainSearch: ['lab.example', 'example'],
    mtu: 9000,
    routes: [{ to: '10.0.0.0/9', via: '10.77.0.254' }],
    defaultUrl: 'http://10.77.0.1/onie',
  };

  it('come as they are asked for, mask and router always, in the order of the list', () => {
    const wanted = [
      option.ntpServers,
      option.interfaceMtu,
      option.domainSearch,
      option.classlessRoutes,
      249,
      option.defaultUrl,
      option.logServers,
    ];
    const reply = createWorld({ subnets: [rich] }).reply(discover({ [option.parameterList]: Buffer.from(wanted) }));
    const codes = reply.packet.options.map(({ code }) => code);
    expect(codes).toEqual([53, 54, 51, 58, 59, 1, 3, ...wanted]);
    expect(optionOf(reply, option.interfaceMtu)).toBe('2328');
    expect(optionOf(reply, option.domainSearch)).toBe('036c6162076578616d706c6500076578616d706c6500');
    // 10.0.0.0/9, and the default route, since option 3 is ignored beside 121.
    expect(optionOf(reply, option.classlessRoutes)).toBe('090a000a4d00fe000a4d0001');
    expect(optionOf(reply, 249)).toBe(optionOf(reply, option.classlessRoutes));
  });

  it('are the usual ones for a client that asks for nothing', () => {
    const codes = createWorld({ subnets: [rich] })
      .reply(discover({}))
      .packet.options.map(({ code }) => code);
    expect(codes).toEqual([53, 54, 51, 58, 59, 1, 3, 6, 15, 28]);
  });
});
