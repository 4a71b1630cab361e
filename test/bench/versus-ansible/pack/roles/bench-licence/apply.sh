#!/bin/sh
. ./lib.sh
install -m 0644 -o bench -g bench licence.txt $file.new && mv -f $file.new $file
