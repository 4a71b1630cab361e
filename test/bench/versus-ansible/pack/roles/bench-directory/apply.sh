#!/bin/sh
. ./lib.sh
install -d -m 0750 -o bench -g bench /srv/bench
