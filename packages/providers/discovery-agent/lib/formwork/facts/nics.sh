# Interfaces with hardware behind them. A link that is down has no speed.
# shellcheck shell=dash
facts_nics() {
  local index=0
  for name in $(interfaces); do
    directory=$ROOT/sys/class/net/$name
    fact "nics.$index.name" s "$name"
    fact_of "nics.$index.mac" s "$directory/address"
    driver=$(readlink -f "$directory/device/driver")
    fact "nics.$index.driver" s "${driver##*/}"
    fact "nics.$index.pci" s "$(pci_of "$directory/device")"
    fact_of "nics.$index.link" b "$directory/carrier"
    speed=$(cat "$directory/speed" 2>/dev/null)
    case $speed in '' | 0 | -*) ;; *) fact "nics.$index.speedMbps" n "$speed" ;; esac
    lldp_facts "nics.$index.lldp" "$RUN/lldp/$name"
    index=$((index + 1))
  done
}
