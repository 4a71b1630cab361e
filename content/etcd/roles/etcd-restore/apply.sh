#!/bin/sh
# Everything that can fail comes before the stop. The new cluster's ids come from the token, so a member not yet restored
# and one that is never talk to each other; and two majorities of the same nodes cannot be.
. ./lib.sh
[ -f $conf/etcd.env ] || fail "there is no member of etcd-member on this node"

if ! restored; then
  [ "$(sha256sum "$path" | cut -d ' ' -f 1)" = "$sha256" ] || fail "$path is not the file with sha256 '$sha256'"
  n=$(cat "$in/needs/etcd-cert/count") i=0 cluster='' name=''
  while [ "$i" -lt "$n" ]; do
    url=$(cat "$in/needs/etcd-cert/$i/peerUrl") member=$(cat "$in/needs/etcd-cert/$i/name")
    [ "$url" != "$peer_url" ] || name=$member
    cluster=${cluster:+$cluster,}$member=$url
    i=$((i + 1))
  done
  [ -n "$name" ] || fail "$peer_url is not among the members: $cluster"

  rm -rf "$data/restore.new"
  timeout 900 etcdctl snapshot restore "$path" --data-dir="$data/restore.new" --name="$name" --initial-cluster="$cluster" \
    --initial-cluster-token="formwork-$token" --initial-advertise-peer-urls="$peer_url" || fail "snapshot restore failed: nothing was changed"
  say "$token" >"$data/restore.new/member/formwork-restored"
  chown -R etcd:etcd "$data/restore.new"
  sync

  systemctl stop etcd
  # A former run may have been killed between the two renames.
  if [ -d "$data/member" ] && [ ! -d "$data/before-$token" ]; then mv -T "$data/member" "$data/before-$token"; fi
  mv -T "$data/restore.new/member" "$data/member" || fail "the restored data could not be put in place"
  rm -rf "$data/restore.new"
fi
systemctl reset-failed etcd 2>/dev/null || true
systemctl start --no-block etcd
