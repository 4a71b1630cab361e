#!/bin/sh
. ./lib.sh
install -D -m 0644 "$wanted" $file.new && mv -f $file.new $file
