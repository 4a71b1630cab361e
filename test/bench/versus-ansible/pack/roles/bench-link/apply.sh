#!/bin/sh
. ./lib.sh
ln -sfn /srv/bench/bench.conf /etc/bench.conf
