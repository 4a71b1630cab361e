#!/bin/sh
# On a peer: removes a dead member from the cluster. The subject is the node that is gone.
. ./lib.sh
node=$(leaf subject/node)
[ -n "$node" ] || fail "no subject to evict"
known_id=$(leaf subject/outputs/memberId) url=$(leaf subject/outputs/clientUrl)

list=$(members $own 2>&1) || transient "member list: $(error "$list")"
id=
if [ -n "$known_id" ]; then id=$(column "$list" 2 1 "$known_id"); fi
if [ -n "$id" ]; then
  id=$known_id
else
  # Its id may have changed (a restore), or it never told one: then by name, or by address where it never started.
  # A member that answers is another one under a name that has returned, and stays.
  host=${url#https://} host=${host%:*}
  id=$(printf '%s\n' "$list" | awk -F', ' -v name="$node" -v peer="https://$host:" \
    '$3 == name || ($2 == "unstarted" && peer != "https://:" && index($4, peer) == 1) { print $1; exit }')
  if [ -z "$id" ]; then
    say "the cluster does not list $node"
    exit 0
  fi
  client=$(column "$list" 5 1 "$id")
  if [ -n "$client" ] && [ -n "$(healthy "$client")" ]; then
    say "$id answers as $node: it is not the member that is gone"
    exit 0
  fi
fi
answer=$(ctl $own member remove "$id" 2>&1) || transient "member remove: $(error "$answer")"
say "$answer"
