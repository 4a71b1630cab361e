#!/bin/sh
# Own endpoint healthy; unless founding, the whole cluster too and nobody missing from its list.
. ./lib.sh
client_url=$(leaf requires/etcd-cert/clientUrl) peer_url=$(leaf requires/etcd-cert/peerUrl)

if ! installed || [ -e $conf/dirty ]; then
  fail "files, certificates or unit are not as wanted, or etcd runs with older ones"
fi
if ! own_healthy; then
  restarts=$(systemctl show -p NRestarts --value etcd 2>/dev/null)
  if [ "${restarts:-0}" -ge 20 ] || systemctl is-failed -q etcd; then
    tail_log
    fail "etcd does not stay up"
  fi
  not_yet "this member is not healthy yet: etcd is $(systemctl is-active etcd), a quorum may be missing"
fi
list=$(members $own 2>&1) || not_yet "no member list yet: $(error "$list")"
id=$(column "$list" 1 4 "$peer_url")
[ -n "$id" ] || fail "the cluster does not list $peer_url"

if [ "$FW_FOUNDING" != 1 ]; then
  unstarted=$(printf '%s\n' "$list" | awk -F', ' '$2 != "started" { print $4 }')
  [ -z "$unstarted" ] || not_yet "in the cluster but never started: $unstarted"
  for url in $(peers | tr ',' ' '); do
    [ -n "$(column "$list" 1 5 "$url")" ] || not_yet "active member $url is not in the cluster's list"
  done
  answer=$(ctl $own endpoint health --cluster 2>&1) || not_yet "unhealthy: $(printf '%s\n' "$answer" | grep -i unhealthy | tr '\n' ' ')"
fi

# From here on the data is the only way to start: the next start never founds or joins.
set_state member
rm -f $conf/initial.env
mkdir -p "$FW_DIR/out"
say "$id" >"$FW_DIR/out/memberId"
say "member $id is healthy, $(printf '%s\n' "$list" | wc -l) in the cluster"
