import type { ImageStore } from '../rootfs.ts';
import { networkNamespacePath } from '../network.ts';
import type { Site } from '../site.ts';
import { protectSettingsScript } from '../image-files.ts';
import type { LocalDriver } from './driver.ts';
import { namespacedDriver } from './namespaced.ts';

/** $1 root, $2 host name. In the new namespaces: the usual mounts, the root changed, sshd as PID 1. */
const enter = `set -e
hostname "$2"
mount --make-rprivate /
cd "$1"
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,rw proc/sys/net
mount -t sysfs -o ro sysfs sys
for place in run tmp dev; do mount -t tmpfs tmpfs "$place"; done
for device in null zero random urandom full tty; do
  : >"dev/$device"
  mount --bind "/dev/$device" "dev/$device"
done
mkdir -p dev/pts dev/shm run/sshd
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
pivot_root . mnt
cd /
umount -l /mnt
${protectSettingsScript.replace(/^#!.*\n/, '')}
exec /usr/sbin/sshd -D -e
`;

/** Namespaces and sshd without systemd: starts fastest, for tests of what works over SSH. No containers. */
export const plainDriver = (site: Site, images: ImageStore): LocalDriver =>
  namespacedDriver(site, images, {
    name: 'plain',
    shutdownGroup: 'node',
    launch: (node, paths) =>
      Promise.resolve({
        command: 'nsenter',
        args: [
          `--net=${networkNamespacePath(node.names)}`,
          'unshare',
          ...['--uts', '--ipc', '--pid', '--mount', '--cgroup', '--fork', '--kill-child'],
          'sh',
          '-c',
          enter,
          'formwork-plain',
          paths.root,
          node.record.name,
        ],
        env: {},
      }),
  });
