#!/bin/sh
# Makes an administrator's account in the BMC, over the machine's own IPMI interface. The password goes by a file in memory:
# an argument would be seen by every process.
# shellcheck source=/dev/null
. "${FORMWORK_LIB:-/lib/formwork}/task-step.sh"
[ -e "$DEV/ipmi0" ] || fail bmc-missing 'this machine has no IPMI interface'
channel=$(facts_bmc | sed -n 's/^bmc\.channel\tn\t//p')
[ -n "$channel" ] || fail bmc-missing 'the BMC has no LAN channel'
slot=$(field .slot)
jq -r .password "$document" >"$work/password"
# 16 octets are IPMI 1.5's; what is longer needs the other form.
length=16
[ "$(tr -d '\n' <"$work/password" | wc -c)" -le 16 ] || length=20
{
  printf '%s\n' "user set name $slot $(field .name)"
  printf '%s\n' "user set password $slot \"$(cat "$work/password")\" $length"
  printf '%s\n' "user enable $slot"
  printf '%s\n' "user priv $slot 4 $channel"
  printf '%s\n' "channel setaccess $channel $slot callin=on ipmi=on link=on privilege=4"
} >"$work/commands"
# `exec` tells no failure by its exit code; asking for the password does.
timeout 120 ipmitool exec "$work/commands" >"$work/bmc.log" 2>&1
printf '%s\n' "user test $slot $length \"$(cat "$work/password")\"" >"$work/commands"
timeout 60 ipmitool exec "$work/commands" >"$work/bmc.test" 2>&1
rm -f "$work/password" "$work/commands"
grep -q '^Success' "$work/bmc.test" || fail bmc-failed "the BMC did not take the account: $(grep -v '^Set ' "$work/bmc.log" | head -c 200 | tr '\n' ' ')"
timeout 60 ipmitool user list "$channel" | awk -v slot="$slot" -v name="$(field .name)" '$1 == slot && $2 == name { found = 1 } END { exit !found }' ||
  fail bmc-failed 'the BMC took the password, not the name'
say "account $(field .name) in slot $slot"
