# What the steps of etcd-member share. Sourced; POSIX sh. POSIX has no local variables: a function that needs some has a
# body in (), a subshell, so that it never changes its caller's.
#
# /etc/etcd/formwork/     ca.crt member.crt member.key etcd.env    as wanted, compared by check
#   initial.env           how to start without data; there from before the first start until healthy once
#   state                 founding | joining | member: how far this node is; none: never begun
#   dirty                 installed files changed and the process has not been restarted since
#   peers                 client URLs to leave the cluster at; written by remove
set -u
umask 077

in=$FW_DIR/in
conf=/etc/etcd/formwork
unit=/etc/systemd/system/etcd.service
own=https://127.0.0.1:2379
export ETCDCTL_API=3 ETCDCTL_CACERT=$conf/ca.crt ETCDCTL_CERT=$conf/member.crt ETCDCTL_KEY=$conf/member.key

say() { printf '%s\n' "$*"; }
fail() { say "$*"; exit 1; }
transient() { say "$*"; say "$*" >"$FW_DIR/why"; exit 75; }
not_yet() { say "$*"; say "$*" >"$FW_DIR/why"; echo 1000 >"$FW_DIR/retry-after-ms"; exit 76; }

# leaf PATH: an input, or nothing where it is absent. Builtins only from here to a file: a secret is in no argv.
leaf() { [ ! -f "$in/$1" ] || cat "$in/$1"; }
pem() { printf '%s\n' "$(cat "$in/$1")"; }

# write FILE MODE: standard input to a file of etcd's, whole or not at all.
write() {
  cat >"$1.new" && chmod "$2" "$1.new" && chown etcd:etcd "$1.new" && mv -f "$1.new" "$1"
}

data_dir() {
  dir=$(leaf params/etcd.dataDir)
  case $dir in
    *[!A-Za-z0-9._/-]* | *..* | *//* | */) fail "etcd.dataDir '$dir': a plain absolute path without '..' is needed" ;;
    /*/*) ;;
    *) fail "etcd.dataDir '$dir': at least two directories deep, so that nothing else is ever deleted" ;;
  esac
  printf '%s' "$dir"
}

# A member's directory is made whole by rename: with a wal in it, it is data.
has_data() { [ -d "$data/member/wal" ]; }
wipe() { rm -rf "$data/member"; }
state() { [ ! -f $conf/state ] || cat $conf/state; }
set_state() { say "$1" | write $conf/state 0600; }

# ctl ENDPOINTS ARGS..: etcdctl within 5 s a command.
ctl() (
  endpoints=$1
  shift
  exec timeout 20 etcdctl --endpoints="$endpoints" --dial-timeout=3s --command-timeout=5s "$@"
)
own_healthy() { systemctl is-active -q etcd && ctl $own endpoint health >/dev/null 2>&1; }

# Of what etcdctl says when it fails, the sentence: before it come warnings in JSON.
error() { printf '%s\n' "$1" | grep -v '^{' | tail -n 1; }

# The member list: "id, status, name, peer URLs, client URLs, learner" a line.
members() { ctl "$1" member list -w simple; }
# column N of the list's line whose column K is the value: column LIST WANTED K VALUE
column() { printf '%s\n' "$1" | awk -F', ' -v want="$2" -v key="$3" -v value="$4" '$key == value { print $want; exit }'; }

# peers: client URLs of other active members as the engine knows them, comma-separated.
peers() (
  n=$(leaf needs/etcd-member/count)
  i=0 urls=
  while [ "$i" -lt "${n:-0}" ]; do
    url=$(leaf "needs/etcd-member/$i/clientUrl")
    [ "$url" = "$client_url" ] || urls=${urls:+$urls,}$url
    i=$((i + 1))
  done
  printf '%s' "$urls"
)

# others LIST: client URLs of the other started members of a list, comma-separated.
others() { printf '%s\n' "$1" | awk -F', ' -v own="$peer_url" '$2 == "started" && $4 != own { printf "%s%s", sep, $5; sep = "," }'; }

# healthy URLS: those of them that answer a linearizable read, one a line.
healthy() (
  for url in $(printf '%s' "$1" | tr ',' ' '); do
    if ctl "$url" endpoint health >/dev/null 2>&1; then say "$url"; fi
  done
)

leader() { [ "$(ctl $own endpoint status -w simple 2>/dev/null | awk -F', ' '{ print $5 }')" = true ]; }

# Hands leadership to a healthy other member, so that no election interrupts writes. Best effort: etcd's stop does it too.
hand_over() (
  leader || exit 0
  for url in $(healthy "$(others "$1")"); do
    heir=$(column "$1" 1 5 "$url")
    if [ -n "$heir" ] && ctl $own move-leader "$heir"; then break; fi
  done
)

# The last lines of etcd's own log, for whoever reads why it failed.
tail_log() { journalctl -q -n 20 --no-pager -o cat -u etcd 2>/dev/null || true; }

# installed: the files, the unit and its enablement are as wanted.
installed() {
  cmp -s "$FW_DIR/files/etcd.env" $conf/etcd.env && cmp -s etcd.service $unit &&
    pem needs/etcd-ca/certificate | cmp -s - $conf/ca.crt &&
    pem requires/etcd-cert/certificate | cmp -s - $conf/member.crt &&
    pem secret/requires/etcd-cert/key | cmp -s - $conf/member.key &&
    [ "$(stat -c '%U %a' $conf/member.key)" = 'etcd 600' ] && systemctl is-enabled -q etcd 2>/dev/null
}

install_files() {
  mkdir -p /etc/etcd && chmod 0755 /etc/etcd
  install -d -o etcd -g etcd -m 0700 $conf
  touch $conf/dirty
  pem needs/etcd-ca/certificate | write $conf/ca.crt 0644
  pem requires/etcd-cert/certificate | write $conf/member.crt 0644
  pem secret/requires/etcd-cert/key | write $conf/member.key 0600
  write $conf/etcd.env 0644 <"$FW_DIR/files/etcd.env"
  cat etcd.service >$unit.new && chown root:root $unit.new && chmod 0644 $unit.new && mv -f $unit.new $unit
  systemctl daemon-reload
  systemctl enable -q etcd
}
