# What the steps of etcd-install share. Sourced; POSIX sh.
set -u
unit=/etc/systemd/system/etcd.service

say() { printf '%s\n' "$*"; }
transient() { say "$*"; say "$*" >"$FW_DIR/why"; exit 75; }

have() { [ "$(dpkg-query -W -f '${Status}' "$1" 2>/dev/null)" = 'install ok installed' ]; }
# Masked, or a unit of our own in Debian's place: never Debian's, which starts an etcd alone in /var/lib/etcd/default.
guarded() { [ -L $unit ] || [ -f $unit ]; }

apt() { apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o APT::Update::Error-Mode=any -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold --no-install-recommends "$@"; }
