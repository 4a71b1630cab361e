# How this machine came here.
# shellcheck shell=dash disable=SC2154 # boot_mac: settings.sh
facts_boot() {
  if [ -d "$ROOT/sys/firmware/efi" ]; then fact boot.firmware s uefi; else fact boot.firmware s bios; fi
  fact boot.mac s "$boot_mac"
  read -r address _ <"$RUN/address" 2>/dev/null || address=
  fact boot.address s "$address"
}
