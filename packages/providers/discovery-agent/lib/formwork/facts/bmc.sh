# The BMC's own address, asked over IPMI; the first channel that is a LAN.
# shellcheck shell=dash
facts_bmc() {
  [ -e "$DEV/ipmi0" ] || return 0
  for channel in 1 2 3 8; do
    answer=$(timeout 20 ipmitool lan print "$channel" 2>/dev/null) || continue
    fact bmc.channel n "$channel"
    printf '%s\n' "$answer" | awk -F ' *: ' '
      /^IP Address  *:/ && $2 != "0.0.0.0" { printf "bmc.address\ts\t%s\n", $2 }
      /^MAC Address/ && !/00:00:00:00:00:00/ { sub(/^[^:]*: */, ""); printf "bmc.mac\ts\t%s\n", tolower($0) }'
    return 0
  done
}
