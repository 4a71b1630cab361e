import { describe, expect, it } from 'vitest';
import { type KernelModule, moduleIndex, selectModules } from './module-index.ts';
import { readModuleInfo } from './module-info.ts';

/** A module's `.modinfo` between other octets, as it is in a file. */
const moduleFile = (...values: readonly string[]): Buffer =>
  Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0]), Buffer.from(values.map((value) => `${value}\0`).join(''))]);

const module = (name: string, depends: readonly string[], softDepends: readonly string[] = []): KernelModule => ({
  path: `kernel/${name}.ko`,
  info: { name, depends, softDepends, aliases: [`pci:${name}*`] },
});
const all = [
  module('virtio_net', ['net_failover', 'virtio', 'virtio_ring']),
  module('net_failover', ['failover']),
  module('failover', []),
  module('virtio', ['virtio_ring']),
  module('virtio_ring', []),
  module('ext4', ['crc16'], ['crc32c']),
  module('crc32c', []),
];

describe('a module', () => {
  it('says what it is, needs and drives', () => {
    const file = moduleFile(
      ...['license=GPL', 'name=virtio_net', 'depends=net_failover,virtio-ring', 'vermagic=6.1'],
      ...['alias=virtio:d00000001v*', 'alias=other', 'softdep=pre: crc32c-generic post: x'],
    );
    expect(readModuleInfo(file)).toEqual({
      name: 'virtio_net',
      depends: ['net_failover', 'virtio-ring'],
      softDepends: ['crc32c_generic', 'x'],
      aliases: ['virtio:d00000001v*', 'other'],
    });
  });

  it('is none without a name and the kernel it is for', () => {
    expect(readModuleInfo(moduleFile('name=x'))).toBeNull();
    expect(readModuleInfo(Buffer.from('plain text'))).toBeNull();
  });
});

describe('the choice of modules', () => {
  it('takes what they need with them, and says what the kernel has not', () => {
    const { modules, missing } = selectModules(all, ['virtio-net', 'ext4', 'nvme']);
    expect(modules.map(({ info }) => info.name).sort()).toEqual([...all.map(({ info }) => info.name)].sort());
    expect(missing).toEqual(['nvme']);
    expect(selectModules(all, ['failover']).modules.map(({ info }) => info.name)).toEqual(['failover']);
  });

  it('is written so that what is needed most comes last, as modprobe wants it', () => {
    const { dep, alias } = moduleIndex(all);
    const line = dep.split('\n').find((text) => text.startsWith('kernel/virtio_net.ko:'));
    const order = (line ?? '').split(' ').slice(1);
    expect(order).toHaveLength(4);
    expect(order.indexOf('kernel/failover.ko')).toBeGreaterThan(order.indexOf('kernel/net_failover.ko'));
    expect(order.indexOf('kernel/virtio_ring.ko')).toBeGreaterThan(order.indexOf('kernel/virtio.ko'));
    expect(alias).toContain('alias pci:ext4* ext4\n');
  });
});
