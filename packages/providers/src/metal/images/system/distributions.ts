/** Distributions that images are built of, by the name that `formwork image build` takes. */
export interface Distribution {
  readonly suite: string;
  readonly mirror: string;
  /** Where its security updates are, with the suite's name there; null: none. */
  readonly security: { readonly mirror: string; readonly suite: string } | null;
  readonly components: readonly string[];
  /** The archive's keys on the building host, and the package that has them. */
  readonly keyring: { readonly file: string; readonly package: string };
  /** Kernel packages: for real hardware, and the small one for virtual machines. */
  readonly kernels: Readonly<Record<Kernel, string>>;
  readonly packages: readonly string[];
}

export type Kernel = 'generic' | 'cloud';

/** What every image has, whatever the distribution. */
const basePackages = [
  'busybox',
  'ca-certificates',
  'curl',
  'dbus',
  'dosfstools',
  'e2fsprogs',
  'initramfs-tools',
  'iproute2',
  'iputils-ping',
  'kmod',
  'libpam-systemd',
  'linux-base',
  'openssh-server',
  'openssl',
  'procps',
  'sudo',
  'systemd',
  'systemd-resolved',
  'systemd-sysv',
  'systemd-timesyncd',
  'udev',
  'zstd',
] as const;

const debianKeyring = {
  file: '/usr/share/keyrings/debian-archive-keyring.gpg',
  package: 'debian-archive-keyring',
};
const ubuntuKeyring = { file: '/usr/share/keyrings/ubuntu-archive-keyring.gpg', package: 'ubuntu-keyring' };

const debian = (suite: string, more: readonly string[]): Distribution => ({
  suite,
  mirror: 'http://deb.debian.org/debian',
  security: { mirror: 'http://deb.debian.org/debian-security', suite: `${suite}-security` },
  // Network and disk controllers of real machines want firmware from the second.
  components: ['main', 'non-free-firmware'],
  keyring: debianKeyring,
  kernels: { generic: 'linux-image-amd64', cloud: 'linux-image-cloud-amd64' },
  packages: [...basePackages, ...more],
});

const ubuntu = (suite: string): Distribution => ({
  suite,
  mirror: 'http://archive.ubuntu.com/ubuntu',
  security: { mirror: 'http://security.ubuntu.com/ubuntu', suite: `${suite}-security` },
  components: ['main', 'universe'],
  keyring: ubuntuKeyring,
  kernels: { generic: 'linux-image-generic', cloud: 'linux-image-virtual' },
  packages: basePackages,
});

export const distributions: Readonly<Record<string, Distribution>> = {
  'debian-12': debian('bookworm', []),
  // systemd-repart became a package of its own.
  'debian-13': debian('trixie', ['systemd-repart']),
  'ubuntu-24.04': ubuntu('noble'),
};
