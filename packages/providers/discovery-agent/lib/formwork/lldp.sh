# The switch port at the other end of each cable. Switches say it every thirty seconds: it is listened for meanwhile.
# shellcheck shell=dash

listen_lldp() {
  mkdir -p "$RUN/lldp"
  for interface in $(interfaces); do
    timeout 180 tcpdump -Z root -i "$interface" -c 1 -s 1600 -U -w "$RUN/lldp/$interface" 'ether proto 0x88cc' 2>/dev/null &
  done
}

# How many interfaces have heard something. A capture without a frame is 24 octets.
count_lldp() { find "$RUN/lldp" -type f -size +24c 2>/dev/null | wc -l; }

# lldp_facts PREFIX CAPTURE
lldp_facts() {
  [ "$(wc -c <"$2" 2>/dev/null || echo 0)" -gt 54 ] || return 0
  od -An -v -tx1 <"$2" | awk -v prefix="$1" -f "$LIB/lldp.awk"
}
