# What the steps of etcd-backup share. Sourced; POSIX sh.
set -u
conf=/etc/etcd/formwork
export ETCDCTL_API=3 ETCDCTL_CACERT=$conf/ca.crt ETCDCTL_CERT=$conf/member.crt ETCDCTL_KEY=$conf/member.key
path=$(cat "$FW_DIR/in/params/etcd-backup.path")
case $path in
  /*[!/]) ;;
  *) echo "etcd-backup.path '$path': an absolute path of a file is needed"; exit 1 ;;
esac
