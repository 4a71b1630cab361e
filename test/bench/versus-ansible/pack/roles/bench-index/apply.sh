#!/bin/sh
. ./lib.sh
umask 022
sha256sum /srv/bench/licence.txt >/srv/bench/licence.sha256
