// The Debian packages that tests need: found by their programs, installed by apt-get for root, else named.
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runCommand } from '../run-command.mjs';

/** Package by the program (or file) that shows it is there; grouped by what wants them. */
const debianPackages = {
  redis: { 'redis-server': 'redis-server' },
  keys: { 'ssh-keygen': 'openssh-client', openssl: 'openssl' },
  sshd: {
    '/usr/sbin/sshd': 'openssh-server',
    'ssh-keygen': 'openssh-client',
    sudo: 'sudo',
    busybox: 'busybox-static',
    dash: 'dash',
    unshare: 'util-linux',
    setpriv: 'util-linux',
    useradd: 'passwd',
    mount: 'mount',
    tar: 'tar',
  },
  machines: {
    'systemd-nspawn': 'systemd-container',
    mmdebstrap: 'mmdebstrap',
    '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
    nft: 'nftables',
    ip: 'iproute2',
    mount: 'mount',
    losetup: 'mount',
    flock: 'util-linux',
    nsenter: 'util-linux',
    'mkfs.ext4': 'e2fsprogs',
    ps: 'procps',
  },
  bmc: { ipmitool: 'ipmitool', ipmi_sim: 'openipmi' },
  agent: {
    busybox: 'busybox-static',
    dash: 'dash',
    jq: 'jq',
    'signify-openbsd': 'signify-openbsd',
    zstd: 'zstd',
  },
  metal: {
    atftp: 'atftp',
    busybox: 'busybox-static',
    curl: 'curl',
    dhclient: 'isc-dhcp-client',
    dnsmasq: 'dnsmasq-base',
    ifup: 'ifupdown',
    ip: 'iproute2',
    ipmitool: 'ipmitool',
    mke2fs: 'e2fsprogs',
    mmdebstrap: 'mmdebstrap',
    mcopy: 'mtools',
    'mkfs.vfat': 'dosfstools',
    netplan: 'netplan.io',
    perfdhcp: 'kea-admin',
    perl: 'perl',
    ping: 'iputils-ping',
    'qemu-system-x86_64': 'qemu-system-x86',
    sfdisk: 'fdisk',
    ssh: 'openssh-client',
    syslinux: 'syslinux',
    tc: 'iproute2',
    tftp: 'tftp-hpa',
    zstd: 'zstd',
    '/usr/share/keyrings/debian-archive-keyring.gpg': 'debian-archive-keyring',
    '/usr/lib/ipxe/qemu/pxe-virtio.rom': 'ipxe-qemu',
    '/usr/lib/ipxe/snponly.efi': 'ipxe',
    '/usr/lib/syslinux/mbr/gptmbr.bin': 'syslinux-common',
    '/usr/lib/systemd/boot/efi/systemd-bootx64.efi': 'systemd-boot-efi',
    '/usr/share/OVMF/OVMF_CODE_4M.fd': 'ovmf',
    '/usr/share/seabios/bios-256k.bin': 'seabios',
  },
  'dhcp-bench': {
    dhcpd: 'isc-dhcp-server',
    'kea-dhcp4': 'kea-dhcp4-server',
  },
  'tftp-bench': {
    atftpd: 'atftpd',
  },
  ansible: {
    'ansible-playbook': 'ansible-core',
    ssh: 'openssh-client',
  },
};

const directories = [...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'].filter(Boolean);

/** Whether a program is in PATH or where root's programs are; an absolute path is looked for as it is. */
const isInstalled = (program) =>
  program.startsWith('/')
    ? existsSync(program)
    : directories.some((directory) => existsSync(path.join(directory, program)));

/** @param {readonly (keyof typeof debianPackages)[]} groups */
export function missingPackages(groups) {
  const wanted = groups.flatMap((group) => Object.entries(debianPackages[group]));
  return [...new Set(wanted.filter(([program]) => !isInstalled(program)).map(([, name]) => name))];
}

/**
 * Installs what is missing, where this is root's to do and apt-get is there. No service of a package is started: a
 * Redis or an sshd on this machine's own ports is not what tests are for.
 *
 * @returns {Promise<readonly string[]>} Packages that are still missing.
 */
export async function ensureDebianPackages(groups, onLine) {
  const missing = missingPackages(groups);
  if (missing.length === 0 || process.getuid?.() !== 0 || !isInstalled('apt-get')) return missing;
  onLine(`apt-get install ${missing.join(' ')}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = ['-q', '-y', '-o', 'DPkg::Lock::Timeout=240', '-o', 'Acquire::Retries=3'];
  const aptGet = (...args) =>
    runCommand('apt-get', [...options, ...args], { cwd: '/', env, timeoutMs: 600_000, onLine: () => undefined });
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  try {
    if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    await aptGet('update');
    const { code, why } = await aptGet('install', '--no-install-recommends', ...missing);
    if (code !== 0) onLine(`apt-get install failed: ${why}`);
  } finally {
    if (ours) rmSync(policy, { force: true });
  }
  return missingPackages(groups);
}
