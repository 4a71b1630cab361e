import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Files by path: their content, or where a link leads to. */
export type Tree = Readonly<Record<string, string | Buffer | { readonly link: string }>>;

export function writeTree(root: string, tree: Tree): void {
  for (const [path, content] of Object.entries(tree)) {
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (typeof content === 'object' && 'link' in content) symlinkSync(content.link, file);
    else writeFileSync(file, content);
  }
}

const pciDevice = (address: string, vendor: string, device: string, kind: string): Tree => ({
  [`sys/devices/pci0000:00/${address}/vendor`]: `0x${vendor}\n`,
  [`sys/devices/pci0000:00/${address}/device`]: `0x${device}\n`,
  [`sys/devices/pci0000:00/${address}/class`]: `0x${kind}\n`,
  [`sys/bus/pci/devices/${address}`]: { link: `../../../devices/pci0000:00/${address}` },
});

const queue = (path: string, rotational: boolean, zeroes: number): Tree => ({
  [`${path}/queue/rotational`]: rotational ? '1\n' : '0\n',
  [`${path}/queue/write_zeroes_max_bytes`]: `${zeroes}\n`,
});

/** VPD page 80, as the kernel gives it away: a header with the length, then the text. */
const serialPage = (text: string): Buffer => Buffer.concat([Buffer.from([0, 0x80, 0, text.length]), Buffer.from(text)]);

const ata = 'sys/devices/pci0000:00/0000:00:1f.2/ata2/host1/target1:0:0/1:0:0:0';
const nvme = 'sys/devices/pci0000:00/0000:01:00.0/nvme/nvme0';
const virtio = 'sys/devices/pci0000:00/0000:00:04.0/virtio1';
const card = 'sys/devices/pci0000:00/0000:02:00.0';

/**
 * A server with what is odd about real ones: a vendor's text with control characters, Latin-1 and quotes, a disk of each
 * kind, a virtual medium, a card with and one without a link, two processor packages, two memory nodes.
 */
export const serverTree: Tree = {
  'proc/meminfo': 'MemTotal:        8034012 kB\nMemAvailable:    7000000 kB\n',
  'proc/cpuinfo': [0, 1, 2, 3]
    .map(
      (n) =>
        `processor\t: ${n}\nmodel name\t: Xeon "Gold"\nphysical id\t: ${n >> 1}\ncore id\t\t: 0\nflags\t\t: fpu vmx avx2 lm\n`,
    )
    .join('\n'),
  'sys/class/dmi/id/product_uuid': '4c4c4544-0042-3510-8052-b4c04f4d3332\n',
  'sys/class/dmi/id/product_serial': Buffer.from('  AB\u0001"12\\3\t\xff\xe9 \n', 'latin1'),
  'sys/class/dmi/id/chassis_asset_tag': '\n',
  'sys/class/dmi/id/board_serial': `${'x'.repeat(300)}\n`,
  'sys/class/dmi/id/sys_vendor': "O'Brien & Söhne\n",
  'sys/class/dmi/id/product_name': 'PowerEdge\n',
  'sys/devices/system/memory/block_size_bytes': '8000000\n',
  ...Object.fromEntries([...Array(64).keys()].map((n) => [`sys/devices/system/memory/memory${n}/online`, '1\n'])),
  'sys/devices/system/node/node0/cpulist': '0-1\n',
  'sys/devices/system/node/node0/meminfo': 'Node 0 MemTotal:        4017006 kB\n',
  'sys/devices/system/node/node1/cpulist': '2-3\n',
  'sys/devices/system/node/node1/meminfo': 'Node 1 MemTotal:        4017006 kB\n',

  [`${ata}/model`]: 'ST1000NM0033    \n',
  [`${ata}/vpd_pg80`]: serialPage('        Z1W0ABCD'),
  [`${ata}/wwid`]: 'naa.5000c500a1b2c3d4\n',
  [`${ata}/block/sda/size`]: '1953525168\n',
  [`${ata}/block/sda/removable`]: '0\n',
  [`${ata}/block/sda/device`]: { link: '../..' },
  ...queue(`${ata}/block/sda`, true, 0),
  'sys/block/sda': { link: `../../${ata}/block/sda` },
  'sys/class/ata_port/ata2/port_no': '2\n',

  [`${nvme}/model`]: 'SAMSUNG MZ1L2\n',
  [`${nvme}/serial`]: 'S64GNE0R\n',
  [`${nvme}/nvme0n1/size`]: '3907029168\n',
  [`${nvme}/nvme0n1/removable`]: '0\n',
  [`${nvme}/nvme0n1/nsid`]: '1\n',
  [`${nvme}/nvme0n1/wwid`]: 'eui.36344730526b01880025384100000001\n',
  [`${nvme}/nvme0n1/device`]: { link: '..' },
  ...queue(`${nvme}/nvme0n1`, false, 2097152),
  'sys/block/nvme0n1': { link: `../../${nvme}/nvme0n1` },

  [`${virtio}/block/vda/size`]: '8192\n',
  [`${virtio}/block/vda/removable`]: '0\n',
  [`${virtio}/block/vda/serial`]: 'DISK1',
  [`${virtio}/block/vda/device`]: { link: '../..' },
  ...queue(`${virtio}/block/vda`, false, 0),
  'sys/block/vda': { link: `../../${virtio}/block/vda` },

  'sys/block/sdb/size': '4194304\n',
  'sys/block/sdb/removable': '1\n',
  'sys/block/loop0/size': '8\n',

  ...pciDevice('0000:02:00.0', '8086', '10fb', '020000'),
  ...pciDevice('0000:03:00.0', '10de', '20b5', '030200'),
  'sys/bus/pci/drivers/ixgbe/module': '',
  [`${card}/driver`]: { link: '../../../bus/pci/drivers/ixgbe' },
  [`${card}/net/eth0/address`]: '52:54:00:77:00:01\n',
  [`${card}/net/eth0/carrier`]: '1\n',
  [`${card}/net/eth0/speed`]: '10000\n',
  [`${card}/net/eth0/device`]: { link: '../..' },
  'sys/class/net/eth0': { link: `../../../${card}/net/eth0` },
  [`${card}/net/eth1/address`]: '52:54:00:77:00:02\n',
  [`${card}/net/eth1/carrier`]: '0\n',
  [`${card}/net/eth1/speed`]: '-1\n',
  [`${card}/net/eth1/device`]: { link: '../..' },
  'sys/class/net/eth1': { link: `../../../${card}/net/eth1` },
  'sys/class/net/lo/address': '00:00:00:00:00:00\n',
};
