import { createHash } from 'node:crypto';
import type { ImageConfiguration } from '../configuration.ts';

const packages =
  'systemd systemd-sysv dbus libpam-systemd openssh-server sudo iproute2 iputils-ping procps kmod ca-certificates curl';

/** The image that nodes of the docker driver run: Debian with systemd and sshd, no host keys, nothing else enabled. */
export function dockerImage(image: ImageConfiguration): { readonly tag: string; readonly dockerfile: string } {
  const more = [...image.packages].sort().join(' ');
  const dockerfile = `FROM debian:${image.suite}
RUN printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d && chmod 755 /usr/sbin/policy-rc.d \\
 && apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${packages} ${more} \\
 && rm -rf /var/lib/apt/lists/* /usr/sbin/policy-rc.d /etc/ssh/ssh_host_* && : >/etc/machine-id \\
 && for link in /etc/systemd/system/*.wants/*; do case $link in */ssh.service|*/dbus.service) ;; *) rm -f "$link" ;; esac; done \\
 && systemctl mask getty.target console-getty.service systemd-udevd.service systemd-networkd.service \\
 && mkdir -p /etc/systemd/system/ssh.service.d \\
 && printf '[Unit]\\nAfter=systemd-user-sessions.service\\n' >/etc/systemd/system/ssh.service.d/10-formwork.conf \\
 && printf 'HostKey /etc/ssh/ssh_host_ed25519_key\\nPasswordAuthentication no\\nUseDNS no\\nMaxStartups 200:30:400\\nMaxSessions 100\\n' >/etc/ssh/sshd_config.d/10-formwork.conf \\
 && useradd --create-home --shell /bin/bash formwork && usermod --password '*' formwork \\
 && printf 'formwork ALL=(ALL) NOPASSWD: ALL\\n' >/etc/sudoers.d/formwork && chmod 440 /etc/sudoers.d/formwork
STOPSIGNAL SIGRTMIN+3
CMD ["/sbin/init"]
`;
  const hash = createHash('sha256').update(dockerfile).digest('hex').slice(0, 16);
  return { tag: `formwork-node:${image.suite}-${hash}`, dockerfile };
}
