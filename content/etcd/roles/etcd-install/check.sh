#!/bin/sh
. ./lib.sh
have etcd-server && have etcd-client && guarded && exit 0
exit 1
