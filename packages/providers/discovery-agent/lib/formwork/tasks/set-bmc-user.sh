#!/bin/sh
# Makes an administrator's account in the BMC, over the machine's own IPMI interface. The password goes by a file in memory:
# an argument would be seen by every process.
# shellcheck source=/dev/null disable=SC2154
. "${FORMWORK_LIB:-/lib/formwork}/task-step.sh"
[ -e "$DEV/ipmi0" ] || fail bmc-missing 'this machine has no IPMI interface'
channel=$(facts_bmc | awk '$1 == "bmc.channel" { print $3 }')
[ -n "$channel" ] || fail bmc-missing 'the BMC has no LAN channel'
# 16 octets are IPMI 1.5's; what is longer needs the other form.
length=16
[ "${#password}" -le 16 ] || length=20
{
  printf '%s\n' "user set name $slot $user_name"
  printf '%s\n' "user set password $slot \"$password\" $length"
  printf '%s\n' "user enable $slot"
  printf '%s\n' "user priv $slot 4 $channel"
  printf '%s\n' "channel setaccess $channel $slot callin=on ipmi=on link=on privilege=4"
} >"$work/commands"
# `exec` tells no failure by its exit code; asking for the password does.
timeout 120 ipmitool exec "$work/commands" >"$work/bmc.log" 2>&1
printf '%s\n' "user test $slot $length \"$password\"" >"$work/commands"
timeout 60 ipmitool exec "$work/commands" >"$work/bmc.test" 2>&1
rm -f "$work/commands"
grep -q '^Success' "$work/bmc.test" || fail bmc-failed "the BMC did not take the account: $(grep -v '^Set ' "$work/bmc.log" | head -c 200 | tr '\n' ' ')"
timeout 60 ipmitool user list "$channel" | awk -v slot="$slot" -v name="$user_name" '$1 == slot && $2 == name { found = 1 } END { exit !found }' ||
  fail bmc-failed 'the BMC took the password, not the name'
say "account $user_name in slot $slot"
