#!/bin/sh
# Leaves the cluster at a peer, stops, deletes the data. Masks the unit again: an installed etcd never starts by itself.
. ./lib.sh
data=$(data_dir) || fail "$data"
peer_url=$(leaf requires/etcd-cert/peerUrl) client_url=$(leaf requires/etcd-cert/clientUrl)

leave() {
  list=''
  # An etcd that has left already stops by itself; asking it would only take time.
  if systemctl is-active -q etcd; then list=$(members $own 2>/dev/null) || list=''; fi
  at=$(peers)
  if [ -n "$list" ]; then at=$(others "$list"); fi
  # Once removed, this member can name no peers any more: they are kept for a second run.
  if [ -n "$at" ]; then say "$at" | write $conf/peers 0600; elif [ -f $conf/peers ]; then at=$(cat $conf/peers); fi
  if [ -z "$at" ]; then
    say "the only member: nothing to leave"
    return 0
  fi
  answer=$(members "$at" 2>&1) || transient "no member list from $at: $(error "$answer")"
  id=$(column "$answer" 1 4 "$peer_url")
  if [ -z "$id" ]; then
    say "the cluster does not list this member"
    return 0
  fi
  if [ -n "$list" ]; then hand_over "$list"; fi
  say "leaving as $id"
  answer=$(ctl "$at" member remove "$id" 2>&1) || transient "member remove: $(error "$answer")"
  say "$answer"
}

if [ -f $conf/member.key ]; then
  leave
fi
systemctl disable -q --now etcd 2>/dev/null || systemctl stop etcd 2>/dev/null || true
systemctl reset-failed etcd 2>/dev/null || true
wipe
rm -rf "$data"/before-* "$data/restore.new"
rmdir "$data" 2>/dev/null || true
# The key goes before the rest: with it gone a second run has left already.
rm -f $conf/member.key
rm -rf $conf
ln -sfn /dev/null $unit.new && mv -f $unit.new $unit
systemctl daemon-reload
