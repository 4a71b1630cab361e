#!/bin/sh
# Every endpoint the engine knows is listed and healthy. The list may hold more: a member that is about to leave.
set -u
in=$FW_DIR/in
export ETCDCTL_API=3 ETCDCTL_CACERT="$in/needs/etcd-ca/certificate" ETCDCTL_CERT=/etc/etcd/formwork/member.crt ETCDCTL_KEY=/etc/etcd/formwork/member.key

not_yet() { printf '%s\n' "$*" | tee "$FW_DIR/why"; echo 1000 >"$FW_DIR/retry-after-ms"; exit 76; }

n=$(cat "$in/needs/etcd-member/count" 2>/dev/null)
i=0 endpoints=
while [ "$i" -lt "${n:-0}" ]; do
  endpoints=${endpoints:+$endpoints,}$(cat "$in/needs/etcd-member/$i/clientUrl")
  i=$((i + 1))
done
[ -n "$endpoints" ] || { echo "no members"; exit 1; }

answer=$(timeout 60 etcdctl --endpoints="$endpoints" --dial-timeout=3s --command-timeout=5s endpoint health 2>&1) ||
  not_yet "$(printf '%s\n' "$answer" | grep -i unhealthy | tr '\n' ' ')"
list=$(timeout 20 etcdctl --endpoints="$endpoints" member list -w simple) || not_yet "no member list"
for url in $(printf '%s' "$endpoints" | tr ',' ' '); do
  printf '%s\n' "$list" | awk -F', ' -v url="$url" '$5 == url { found = 1 } END { exit !found }' || not_yet "$url is not in the cluster's list"
done
printf '%s\n' "$answer"
