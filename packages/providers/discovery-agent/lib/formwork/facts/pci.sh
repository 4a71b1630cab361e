# PCI devices, by numbers as lspci -n prints them.
# shellcheck shell=dash
facts_pci() {
  local index=0
  for directory in "$ROOT"/sys/bus/pci/devices/*; do
    [ -r "$directory/vendor" ] && [ "$index" -lt 512 ] || continue
    fact "pci.$index.address" s "${directory##*/}"
    read -r vendor <"$directory/vendor"
    read -r device <"$directory/device"
    read -r class <"$directory/class"
    fact "pci.$index.vendor" s "${vendor#0x}"
    fact "pci.$index.device" s "${device#0x}"
    fact "pci.$index.class" s "${class#0x}"
    index=$((index + 1))
  done
}
