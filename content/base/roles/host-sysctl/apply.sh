#!/bin/sh
# Writes each value itself: no sysctl program is needed, and the first refusal is the error.
. ./lib.sh
for file in "$settings"/*; do
  [ -f "$file" ] || continue
  key=${file##*/}
  if ! own "$key"; then
    echo "$key belongs to the host of this container, not to the node: refused"
    exit 1
  fi
  if ! [ -e "$(proc "$key")" ]; then
    echo "$key: this kernel has no such setting"
    exit 1
  fi
  if [ "$(current "$key")" != "$(squeeze <"$file")" ] && ! cat "$file" >"$(proc "$key")"; then
    echo "$key: '$(cat "$file")' could not be written; the kernel has '$(current "$key")'"
    exit 1
  fi
done
# Only what the kernel took is kept for the next boot.
mkdir -p /etc/sysctl.d
wanted >$conf.new && chmod 0644 $conf.new && mv -f $conf.new $conf
