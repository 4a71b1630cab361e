#!/bin/sh
. ./lib.sh
{ grep -v '^BENCH_HOME=' $file 2>/dev/null || :; printf '%s\n' "$line"; } >$file.new
chmod 0644 $file.new
mv -f $file.new $file
