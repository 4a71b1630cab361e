#!/bin/sh
. ./lib.sh
guarded || { say "Debian's etcd.service is not masked"; exit 1; }
etcdctl version >/dev/null || { say "etcdctl does not run"; exit 1; }
version=$(etcd --version | sed -n 's/^etcd Version: *//p')
[ -n "$version" ] || { say "etcd does not tell its version"; exit 1; }
mkdir -p "$FW_DIR/out"
say "$version" >"$FW_DIR/out/version"
say "etcd $version"
