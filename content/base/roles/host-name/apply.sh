#!/bin/sh
# For now and for the next boot, and so that cloud-init leaves it alone.
set -eu
name=$(cat "$FW_DIR/in/node/name")
if [ "${#name}" -gt 63 ]; then
  echo "the node's name '$name' is longer than a host name may be (63)"
  exit 1
fi
if [ -d /etc/cloud/cloud.cfg.d ]; then
  printf 'preserve_hostname: true\n' >/etc/cloud/cloud.cfg.d/99-formwork-hostname.cfg
fi
printf '%s\n' "$name" >/etc/hostname.formwork
mv -f /etc/hostname.formwork /etc/hostname 2>/dev/null || {
  # Some container engines mount the file: it cannot be replaced, only written.
  cat /etc/hostname.formwork >/etc/hostname
  rm -f /etc/hostname.formwork
}
if command -v hostname >/dev/null; then hostname "$name"; else printf '%s' "$name" >/proc/sys/kernel/hostname; fi
# hostnamed, where it runs, keeps a copy.
systemctl try-restart systemd-hostnamed 2>/dev/null || true
