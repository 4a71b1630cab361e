#!/bin/sh
. ./lib.sh
configured && [ -z "$(missing)" ] && [ -z "$(dpkg --audit)" ] && exit 0
exit 1
