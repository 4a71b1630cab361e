/**
 * The scripts that run once on an installed machine. The installer left what they need on the seed partition (see
 * ../seed/seed-files.ts). They may be cut off anywhere and start again at the next boot: nothing counts as done before
 * `first-boot-done` is on disk, and the seed is erased only when the server has the host keys.
 * ```
 * first-boot   before network and sshd: seed -> hostname, user, keys, network files; makes the host key
 * report       once the network is up:  signed POST of the public host keys -> erases the seed -> runs user data
 * ```
 */

const paths = `state=/var/lib/formwork
seed=/run/formwork/seed
value() { sed -n "s/^$1=//p" "$seed/first-boot.conf" 2>/dev/null | head -n 1; }
say() { echo "formwork first boot: $*"; }
# The partition of the disk that this system runs from: another disk may hold an image, too.
seed_partition() {
  source=$(findmnt -n -o SOURCE /)
  disk=$(lsblk -n -d -o PKNAME "$source")
  lsblk -n -r -p -o NAME,PARTLABEL "/dev/$disk" | sed -n 's/ CIDATA$//p' | head -n 1
}
`;

export const firstBootScript = `#!/bin/sh
# Takes over what the installer left on the seed partition.
set -u
umask 077
${paths}
mkdir -p "$state"
rm -rf "$seed" "$seed.new"
mkdir -p "$seed.new"
if [ -d "$state/seed" ]; then # an installer's
  cp -r "$state/seed/." "$seed.new/" || exit 1
  mv "$seed.new" "$seed"
  exit 0
fi
part=
for _ in 1 2 3 4 5 6 7 8 9 10; do
  part=$(seed_partition)
  [ -z "$part" ] || break
  sleep 1
done
if [ -z "$part" ]; then
  say 'there is no seed partition on this disk'
elif [ "$(head -c 512 "$part" | tr -d '\\000' | wc -c)" = 0 ]; then
  say 'the seed partition is empty: nothing to take over'
else
  mkdir -p /run/formwork/mount
  mount -t vfat -o ro,nosuid,nodev,noexec "$part" /run/formwork/mount || exit 1
  cp -r /run/formwork/mount/. "$seed.new/" || exit 1
  umount /run/formwork/mount
fi
mv "$seed.new" "$seed"

if [ "$(cat /usr/lib/formwork/first-boot-by)" = cloud-init ]; then
  say 'cloud-init does the rest'
  exit 0
fi

if [ ! -s /etc/ssh/ssh_host_ed25519_key ] || [ ! -s /etc/ssh/ssh_host_ed25519_key.pub ]; then
  rm -f /etc/ssh/ssh_host_*
  ssh-keygen -q -t ed25519 -N '' -C '' -f /etc/ssh/ssh_host_ed25519_key || exit 1
  chmod 644 /etc/ssh/ssh_host_ed25519_key.pub
fi
say "host key $(cat /etc/ssh/ssh_host_ed25519_key.pub)"

name=$(value hostname)
if [ -n "$name" ]; then
  short=\${name%%.*}
  names=$short
  [ "$name" = "$short" ] || names="$name $short"
  (
    umask 022
    echo "$short" >/etc/hostname
    printf '127.0.0.1\\tlocalhost\\n127.0.1.1\\t%s\\n::1\\tlocalhost ip6-localhost ip6-loopback\\n' "$names" >/etc/hosts
  )
  hostname "$short"
fi

user=$(value user)
if [ -n "$user" ]; then
  if ! id -u "$user" >/dev/null 2>&1; then
    useradd --create-home --shell /bin/bash --password '*' "$user" || exit 1
  fi
  if [ "$user" != root ]; then
    echo "$user ALL=(ALL) NOPASSWD: ALL" >"/etc/sudoers.d/90-formwork-$user"
    chmod 440 "/etc/sudoers.d/90-formwork-$user"
  fi
  home=$(getent passwd "$user" | cut -d: -f6)
  mkdir -p "$home/.ssh"
  cp "$seed/authorized_keys" "$home/.ssh/authorized_keys" || exit 1
  chmod 700 "$home/.ssh"
  chmod 600 "$home/.ssh/authorized_keys"
  chown -R "$user:" "$home/.ssh"
fi

set -- "$seed"/network.*
if [ -e "$1" ]; then
  rm -f /etc/systemd/network/*
  for file in "$@"; do
    to=/etc/systemd/network/\${file##*/network.}
    cp "$file" "$to" || exit 1
    chmod 644 "$to"
  done
  # The initrd has named the hardware already, by what it knew. (trigger --settle waits forever for what gets another name.)
  udevadm control --reload
  udevadm trigger --action=add --subsystem-match=net
  udevadm settle --timeout=30
fi
sync
`;

/**
 * The signature is the agent protocol's: over the method, the path, the counter and the body's digest, a line each, by the
 * ed25519 key that was made for this installation alone. Its private half is never an argument.
 */
export const reportScript = `#!/bin/sh
# Reports the host keys, then forgets what was secret.
set -u
umask 077
${paths}
finish() {
  part=$(seed_partition)
  if [ -n "$part" ] && [ ! -d "$state/seed" ]; then dd if=/dev/zero of="$part" bs=64k count="$(($(blockdev --getsize64 "$part") / 65536))" conv=fsync 2>/dev/null; fi
  [ ! -d /etc/cloud ] || : >/etc/cloud/cloud-init.disabled
  script=
  if [ "$(cat /usr/lib/formwork/first-boot-by)" != cloud-init ] && [ "$(head -c 2 "$seed/user-data" 2>/dev/null)" = '#!' ]; then
    script=/dev/shm/formwork-user-data # /run may be mounted noexec
    cp "$seed/user-data" "$script"
    chmod 700 "$script"
  fi
  rm -rf "$seed" "$state/seed" "$state/report-counter"
  : >"$state/first-boot-done"
  sync
  say "done: $1"
  [ -n "$script" ] || return 0
  (umask 022 && cd / && exec "$script")
  say "user data ended with $?"
  rm -f "$script"
}

base=$(value report-url)
[ -n "$base" ] || { finish 'nobody to report to'; exit 0; }
work=/run/formwork/report
mkdir -p "$work"
keys=
for file in /etc/ssh/ssh_host_*_key.pub; do
  keys="$keys\${keys:+,}\\"$(cut -d ' ' -f 1,2 "$file")\\""
done
printf '{"hostKeys":[%s],"hostname":"%s","bootId":"%s"}' "$keys" "$(hostname)" "$(cat /proc/sys/kernel/random/boot_id)" >"$work/body"
digest=$(sha256sum "$work/body" | cut -c 1-64)
path=/agent/v1/installed
counter=$(cat "$state/report-counter" 2>/dev/null || echo 0)
delay=1
while :; do
  counter=$((counter + 1))
  echo "$counter" >"$state/report-counter.new" && mv "$state/report-counter.new" "$state/report-counter"
  printf 'POST\\n%s\\n%s\\n%s\\n' "$path" "$counter" "$digest" >"$work/message"
  openssl pkeyutl -sign -rawin -inkey "$seed/install-key.pem" -in "$work/message" -out "$work/signature" || exit 1
  {
    echo 'content-type: application/json'
    echo "formwork-session: $(value session)"
    echo "formwork-counter: $counter"
    echo "formwork-signature: $(base64 -w 0 "$work/signature")"
  } >"$work/headers"
  code=$(curl -q -s -o "$work/answer" -w '%{http_code}' --noproxy '*' --max-time 30 -H "@$work/headers" --data-binary "@$work/body" "$base$path")
  case $code in
    2*) break ;;
    400 | 401 | 403 | 410)
      say "the server refuses the report: $code $(head -c 300 "$work/answer")"
      finish 'not reported'
      exit 1
      ;;
  esac
  say "no answer to the report yet ($code), again in $delay s"
  sleep "$delay"
  [ "$delay" -ge 60 ] || delay=$((delay * 2))
done
rm -rf "$work"
finish 'host keys reported'
`;
