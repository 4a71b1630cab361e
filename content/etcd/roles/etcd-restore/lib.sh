# What the steps of etcd-restore share. Sourced; POSIX sh.
set -u
umask 077

in=$FW_DIR/in
conf=/etc/etcd/formwork
own=https://127.0.0.1:2379
export ETCDCTL_API=3 ETCDCTL_CACERT=$conf/ca.crt ETCDCTL_CERT=$conf/member.crt ETCDCTL_KEY=$conf/member.key

say() { printf '%s\n' "$*"; }
fail() { say "$*"; exit 1; }

path=$(cat "$in/params/etcd-restore.path") token=$(cat "$in/params/etcd-restore.token") sha256=$(cat "$in/params/etcd-restore.sha256")
data=$(cat "$in/params/etcd.dataDir") peer_url=$(cat "$in/requires/etcd-cert/peerUrl")
case $token in
  '' | *[!A-Za-z0-9-]*) fail "etcd-restore.token '$token': a word of letters, digits and '-' is needed, never used before" ;;
esac
case $data in
  *[!A-Za-z0-9._/-]* | *..* | *//* | */) fail "etcd.dataDir '$data': a plain absolute path is needed" ;;
  /*/*) ;;
  *) fail "etcd.dataDir '$data': at least two directories deep" ;;
esac

# The token lies inside the restored data and arrives with it in one rename: data and claim never part.
restored() { [ "$(cat "$data/member/formwork-restored" 2>/dev/null)" = "$token" ]; }
