import { containerDevices, containerVolumes } from '../containers.ts';
import { networkNamespacePath } from '../network.ts';
import type { ImageStore } from '../rootfs.ts';
import type { Site } from '../site.ts';
import { join } from 'node:path';
import type { LocalDriver } from './driver.ts';
import { namespacedDriver } from './namespaced.ts';

/**
 * systemd-nspawn with systemd and sshd inside. Tried without systemd on the host; with it, nspawn is kept from asking
 * it for a unit (`--keep-unit --register=no`) and uses the groups made here, which has not been tried.
 */
export const nspawnDriver = (site: Site, images: ImageStore): LocalDriver =>
  namespacedDriver(site, images, {
    name: 'nspawn',
    shutdownGroup: 'node/supervisor',
    async launch(node, paths) {
      const containers = node.record.capabilities.includes('containers');
      const extra = containers
        ? [
            '--capability=all',
            ...containerVolumes.map(({ name, path }) => `--bind=${join(paths.volumes, name)}:${path}`),
            ...(await containerDevices()).map((path) => `--bind=${path}`),
          ]
        : [];
      return {
        command: 'systemd-nspawn',
        args: [
          '--quiet',
          '--keep-unit',
          '--register=no',
          '--boot',
          `--directory=${paths.root}`,
          `--machine=${node.names.providerId}`,
          `--hostname=${node.record.name}`,
          `--network-namespace-path=${networkNamespacePath(node.names)}`,
          '--console=read-only',
          '--kill-signal=SIGRTMIN+3',
          '--resolv-conf=off',
          '--timezone=off',
          '--link-journal=no',
          ...extra,
          // The clock and the modules are the host's.
          '--drop-capability=CAP_SYS_TIME,CAP_SYS_MODULE',
        ],
        env: {
          // /proc/sys/net is the node's own and writable; the rest of /proc/sys and /sys is the host's and is not.
          SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network',
          ...(containers ? { SYSTEMD_SECCOMP: '0' } : {}),
        },
      };
    },
  });
