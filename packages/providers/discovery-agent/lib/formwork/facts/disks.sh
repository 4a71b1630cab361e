# Disks that could hold a system: no removable ones (a BMC's virtual medium is one), none without a size.
# shellcheck shell=dash
facts_disks() {
  local index=0
  for directory in "$ROOT"/sys/block/*; do
    name=${directory##*/}
    case $name in
      vd[a-z]* | sd[a-z]* | hd[a-z]* | xvd[a-z]* | nvme*n* | mmcblk*) ;;
      *) continue ;;
    esac
    case $name in *boot[0-9] | *rpmb | nvme*c*n*) continue ;; esac
    sectors=$(cat "$directory/size" 2>/dev/null || echo 0)
    [ "$sectors" -gt 0 ] && [ "$(cat "$directory/removable" 2>/dev/null)" != 1 ] || continue
    fact "disks.$index.name" s "$name"
    fact "disks.$index.sizeBytes" n $((sectors * 512))
    fact_of "disks.$index.rotational" b "$directory/queue/rotational"
    fact_of "disks.$index.model" s "$directory/device/model"
    fact "disks.$index.serial" s "$(disk_serial "$directory")"
    fact "disks.$index.wwn" s "$(disk_wwn "$directory")"
    fact "disks.$index.byPath" s "$(disk_path "$directory" "$name")"
    fact "disks.$index.transport" s "$(disk_transport "$directory" "$name")"
    index=$((index + 1))
  done
}

# SCSI and ATA: the text of VPD page 80, behind a header of four octets.
disk_serial() {
  for file in "$1/serial" "$1/device/serial"; do
    [ ! -s "$file" ] || { cat "$file"; return; }
  done
  [ ! -r "$1/device/vpd_pg80" ] || tail -c +5 "$1/device/vpd_pg80" | tr '\000\n' '  '
}

# As `0x5000c500...`: naa of SCSI and ATA, eui or nguid of NVMe.
disk_wwn() {
  wwid=$(cat "$1/wwid" 2>/dev/null || cat "$1/device/wwid" 2>/dev/null)
  case $wwid in
    naa.* | eui.*) printf '%s\n' "0x${wwid#*.}" ;;
    uuid.*) printf '%s\n' "$wwid" ;;
  esac
}

# As udev names it below /dev/disk/by-path.
disk_path() {
  real=$(readlink -f "$1")
  pci=$(pci_of "$1")
  [ -n "$pci" ] || return 0
  case $real in
    */nvme/*) printf '%s\n' "pci-$pci-nvme-$(cat "$1/nsid" 2>/dev/null || echo 1)" ;;
    */ata[0-9]*/*)
      port=$(printf '%s\n' "$real" | grep -o '/ata[0-9]*/' | head -n 1 | tr -d /)
      printf '%s\n' "pci-$pci-ata-$(cat "$ROOT/sys/class/ata_port/$port/port_no" 2>/dev/null || printf '%s\n' "${port#ata}")"
      ;;
    */target*/*)
      # Host, channel, target, unit; udev counts the hosts of a controller from 0.
      hctl=$(printf '%s\n' "$real" | grep -o '/[0-9]*:[0-9]*:[0-9]*:[0-9]*/' | tail -n 1 | tr -d /)
      printf '%s\n' "pci-$pci-scsi-0:${hctl#*:}"
      ;;
    *) printf '%s\n' "pci-$pci" ;;
  esac
}

disk_transport() {
  case $2 in
    nvme*) echo nvme ;;
    vd*) echo virtio ;;
    mmcblk*) echo mmc ;;
    *)
      case $(readlink -f "$1") in
        */usb[0-9]*) echo usb ;;
        */ata[0-9]*) echo sata ;;
        */end_device-*) echo sas ;;
        */virtio[0-9]*) echo virtio ;;
        *) echo scsi ;;
      esac
      ;;
  esac
}
