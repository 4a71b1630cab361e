#!/bin/sh
. ./lib.sh
if [ "$(block)" != "$(inside)" ]; then
  echo "/etc/hosts does not hold the wanted lines"
  exit 1
fi
name=$(cat "$in/node/name") address=$(cat "$in/facts/address")
# Asked for its own family only: for the other one the resolver would go on to ask a name server.
case $address in
  *:*) family=ahostsv6 ;;
  *) family=ahostsv4 ;;
esac
found=$(getent $family "$name" | awk 'NR == 1 { print $1 }')
if [ "$found" != "$address" ]; then
  echo "$name resolves to '$found', not to $address"
  exit 1
fi
