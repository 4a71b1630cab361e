/** What is in a discovery image. The packages are Debian's; their versions are those that its mirror has. */

export const kernels = ['generic', 'cloud'] as const;
export type Kernel = (typeof kernels)[number];

export const suite = 'bookworm';

export const kernelPackage: Readonly<Record<Kernel, string>> = {
  /** Drivers of real machines. */
  generic: 'linux-image-amd64',
  /** Virtual machines alone: smaller, and quicker to boot. */
  cloud: 'linux-image-cloud-amd64',
};

/** Programs by the package that brings them. Each goes to /bin, with the libraries that it loads. */
export const programs: Readonly<Record<string, readonly string[]>> = {
  'busybox-static': ['busybox'],
  // Writes past holes, says how far it is, and syncs: busybox's does not.
  coreutils: ['dd'],
  dash: ['dash'],
  hdparm: ['hdparm'],
  ipmitool: ['ipmitool'],
  jq: ['jq'],
  'kexec-tools': ['kexec'],
  memtester: ['memtester'],
  'nvme-cli': ['nvme'],
  // Uses a processor's own instructions for sums over images.
  openssl: ['openssl'],
  'signify-openbsd': ['signify-openbsd'],
  // For LLDP frames.
  tcpdump: ['tcpdump'],
  // busybox's cannot write zeros.
  'util-linux': ['blkdiscard'],
  zstd: ['zstd'],
};

const network = [
  ...['virtio_net', 'e1000', 'e1000e', 'igb', 'igbvf', 'igc', 'ixgbe', 'ixgbevf', 'i40e', 'iavf', 'ice'],
  ...['mlx4_en', 'mlx5_core', 'bnxt_en', 'tg3', 'be2net', 'sfc', 'cxgb4', 'enic', 'nfp'],
  ...['r8169', 'realtek', 'atlantic', 'amd_xgbe', '8139cp', 'ena', 'gve', 'vmxnet3', 'hv_netvsc', 'xen_netfront'],
];
const disks = [
  ...['virtio_blk', 'virtio_scsi', 'nvme', 'ahci', 'ata_piix', 'sd_mod', 'sr_mod', 'isci'],
  ...['megaraid_sas', 'mpt3sas', 'mpi3mr', 'smartpqi', 'hpsa', 'aacraid', 'arcmsr', 'pm80xx', 'mvsas'],
  ...['vmw_pvscsi', 'hv_storvsc', 'xen_blkfront', 'usb_storage', 'uas', 'xhci_pci', 'ehci_pci'],
];
const fileSystems = ['ext4', 'crc32c_generic', 'crc32c_intel', 'vfat', 'nls_ascii', 'nls_cp437', 'nls_iso8859_1'];
const management = [
  ...['ipmi_si', 'ipmi_ssif', 'ipmi_devintf', 'virtio_pci', 'virtio_rng', 'hv_vmbus'],
  ...['iTCO_wdt', 'i6300esb', 'sp5100_tco', 'hpwdt', 'wdat_wdt', 'softdog'],
];

/** Kernel modules by name; those that a kernel does not have are left out. */
export const moduleNames: readonly string[] = [...network, ...disks, ...fileSystems, ...management];
