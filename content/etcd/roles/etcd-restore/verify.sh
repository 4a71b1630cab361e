#!/bin/sh
# Healthy means a majority has been restored too: until then this waits.
. ./lib.sh
restored || fail "$data does not hold the data restored as $token"
ctl() { timeout 20 etcdctl --endpoints=$own --dial-timeout=3s --command-timeout=5s "$@"; }

if ! ctl endpoint health >/dev/null 2>&1; then
  echo 'waiting for a majority of the members to be restored' | tee "$FW_DIR/why"
  echo 2000 >"$FW_DIR/retry-after-ms"
  exit 76
fi
id=$(ctl member list -w simple | awk -F', ' -v url="$peer_url" '$4 == url { print $1 }')
[ -n "$id" ] || fail "the restored cluster does not list $peer_url"
say member >$conf/state && chown etcd:etcd $conf/state
rm -f $conf/initial.env
mkdir -p "$FW_DIR/out"
say "$id" >"$FW_DIR/out/memberId"
timeout 60 etcdctl snapshot status "$path" -w simple | awk -F', ' '{ print $2 }' >"$FW_DIR/out/revision"
say "member $id is healthy at the snapshot's revision $(cat "$FW_DIR/out/revision")"
