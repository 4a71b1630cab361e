#!/bin/sh
# Founds, joins or restarts, by what this node has been so far; every path may be killed at any line and run again.
. ./lib.sh
data=$(data_dir) || fail "$data"
name=$(leaf requires/etcd-cert/name) peer_url=$(leaf requires/etcd-cert/peerUrl) client_url=$(leaf requires/etcd-cert/clientUrl)

start() {
  systemctl reset-failed etcd 2>/dev/null || true
  systemctl start --no-block etcd
  rm -f $conf/dirty
}

# A process that came up with older files is of no use to a cluster it is not yet part of.
start_anew() {
  if [ -e $conf/dirty ]; then systemctl stop etcd 2>/dev/null || true; fi
  start
}

initial() { printf 'ETCD_INITIAL_CLUSTER=%s\nETCD_INITIAL_CLUSTER_STATE=%s\nETCD_INITIAL_CLUSTER_TOKEN=%s\n' "$1" "$2" "formwork-$(leaf deployment/name)" | write $conf/initial.env 0644; }

found() {
  n=$(leaf needs/etcd-cert/count) i=0 cluster='' listed=''
  while [ "$i" -lt "${n:-0}" ]; do
    founder=$(leaf "needs/etcd-cert/$i/name")=$(leaf "needs/etcd-cert/$i/peerUrl")
    [ "$founder" != "$name=$peer_url" ] || listed=1
    cluster=${cluster:+$cluster,}$founder
    i=$((i + 1))
  done
  [ -n "$listed" ] || fail "$name=$peer_url is not among the founders: $cluster"
  set_state founding
  has_data || initial "$cluster" new
  say "founding with $cluster"
  start_anew
}

join() {
  at=$(peers)
  [ -n "$at" ] || transient "no active member to join at"
  list=$(members "$at" 2>&1) || transient "no member list from $at: $(error "$list")"
  id=$(column "$list" 1 4 "$peer_url")
  status=$(column "$list" 2 4 "$peer_url")
  if [ "$status" = started ] && ! has_data; then
    fail "member $id ($name) is in the cluster and its data is not on this node: replace the node"
  fi
  set_state joining
  if [ -z "$id" ]; then
    if has_data; then
      say "wiping $data: what it holds is no member of this cluster"
      systemctl stop etcd 2>/dev/null || true
      wipe
    fi
    answer=$(ctl "$at" member add "$name" --peer-urls="$peer_url" 2>&1) || transient "member add: $(error "$answer")"
    list=$(members "$at" 2>&1) || transient "no member list from $at: $(error "$list")"
    id=$(column "$list" 1 4 "$peer_url")
    say "added $name as $id"
  fi
  # etcd compares this with the real list: all members must be in it, one without a name under any.
  cluster=$(printf '%s\n' "$list" | awk -F', ' -v name="$name" -v own="$peer_url" '{
    called = $4 == own ? name : $3 == "" ? "unstarted-" $1 : $3
    n = split($4, urls, ","); for (i = 1; i <= n; i++) { printf "%s%s=%s", sep, called, urls[i]; sep = "," } }')
  has_data || initial "$cluster" existing
  say "joining $cluster"
  start_anew
}

# Without this member the others must still be a majority. One member alone, or one of two, cannot be restarted
# without an interruption: there, all the others being healthy has to do.
restart() {
  if ! own_healthy; then
    say "this member is not healthy: restarting it takes nothing from the others"
  else
    list=$(members $own 2>&1) || transient "member list: $(error "$list")"
    n=$(printf '%s\n' "$list" | wc -l)
    need=$((n / 2 + 1))
    [ "$need" -lt "$n" ] || need=$((n - 1))
    have=$(healthy "$(others "$list")" | wc -l)
    [ "$have" -ge "$need" ] || transient "$have of the other $((n - 1)) members are healthy, $need must be before this one restarts"
    hand_over "$list"
  fi
  say "restarting"
  systemctl reset-failed etcd 2>/dev/null || true
  # READY needs a quorum, which may not be there: a restart that takes longer goes on, and verify waits for it.
  timeout 30 systemctl restart etcd || say "etcd is not ready yet"
  rm -f $conf/dirty
}

# A member that the others have removed must not be started again: its data is of no use to anyone.
still_listed() (
  own_healthy && exit 0
  at=$(peers)
  [ -n "$at" ] || exit 0
  list=$(members "$at" 2>/dev/null) || exit 0
  [ -n "$(column "$list" 1 4 "$peer_url")" ]
)

case $(state) in
  member)
    if [ "$FW_ACTION" = join ] && ! still_listed; then
      install_files
      join
    elif ! has_data; then
      fail "this member's data is gone from $data and the cluster still lists it: replace the node"
    elif ! still_listed; then
      fail "the cluster has removed this member: replace the node"
    else
      if ! installed; then install_files; fi
      if [ -e $conf/dirty ]; then restart; else start; fi
    fi
    ;;
  *)
    if has_data && [ -z "$(state)" ]; then
      fail "$data holds data of an etcd that this role did not start: move it away, or replace the node"
    fi
    if [ "$FW_FOUNDING" != 1 ] && [ "$FW_ACTION" = re-run ] && ! has_data; then
      fail "there is no data in $data of the member this node should have: replace the node"
    fi
    if ! installed; then install_files; fi
    if [ "$FW_FOUNDING" = 1 ]; then found; else join; fi
    ;;
esac
