#!/bin/sh
. ./lib.sh
if [ "$(block)" != "$(inside)" ]; then
  echo "/etc/hosts does not hold the wanted lines"
  exit 1
fi
name=$(cat "$in/node/name") address=$(cat "$in/facts/address")
found=$(getent hosts "$name" | awk 'NR == 1 { print $1 }')
case $address in
  *:*) [ -n "$found" ] ;;
  *) [ "$found" = "$address" ] ;;
esac || {
  echo "$name resolves to '$found', not to $address"
  exit 1
}
