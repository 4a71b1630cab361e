# Interfaces: all up (a link and LLDP need it), an address by DHCP on the one that this machine was booted from.
# shellcheck shell=dash disable=SC2154 # boot_mac: settings.sh

# Those with hardware behind them.
interfaces() {
  for directory in "$ROOT"/sys/class/net/*; do
    [ ! -e "$directory/device" ] || basename "$directory"
  done
}

has_link() { [ "$(cat "$ROOT/sys/class/net/$1/carrier" 2>/dev/null)" = 1 ]; }

links_up() {
  for interface in $(interfaces); do
    ip link set dev "$interface" up 2>/dev/null || log "interface $interface cannot be switched on"
  done
}

boot_interface() {
  for interface in $(interfaces); do
    [ "$(cat "$ROOT/sys/class/net/$interface/address")" != "$boot_mac" ] || printf '%s\n' "$interface"
  done | head -n 1
}

# It runs on and renews; a link that was away for a while changes nothing.
start_dhcp() {
  [ ! -e "$RUN/dhcp.$1" ] || return 0
  : >"$RUN/dhcp.$1"
  log "asking for an address on $1"
  udhcpc -f -i "$1" -t 10 -T 1 -A 5 -s "$LIB/dhcp-event" >/dev/null 2>&1 &
}

# Returns with an address. The others are asked when the one we came by has nothing to say.
network_up() {
  began=$(uptime_seconds)
  until [ -s "$RUN/address" ]; do
    links_up
    waited=$(($(uptime_seconds) - began))
    booted_from=$(boot_interface)
    [ -z "$booted_from" ] || start_dhcp "$booted_from"
    if [ -z "$booted_from" ] && [ "$waited" -ge 10 ] || [ "$waited" -ge 30 ]; then
      for interface in $(interfaces); do
        if has_link "$interface"; then start_dhcp "$interface"; fi
      done
    fi
    check_watchdog
    sleep 0.2
  done
  read -r address address_interface <"$RUN/address"
  log "address $address on $address_interface"
}
