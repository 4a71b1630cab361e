# One disk, by one method: sets `method` or `problem`. The other names are those of wipe.sh.
# shellcheck shell=dash disable=SC2034,SC2154
wipe_disk() {
  case $2 in
    nvme) erase_nvme "$1" ;;
    ata) erase_ata "$1" ;;
    quick) erase_quick "$1" ;;
    auto)
      case $1 in
        nvme*) erase_nvme "$1" && return 0 ;;
        sd*) if [ "$(disk_transport "$ROOT/sys/block/$1" "$1")" = sata ]; then erase_ata "$1" && return 0; fi ;;
      esac
      instead=$problem
      erase_quick "$1" || return 1
      problem=$instead
      ;;
  esac
}

unsupported() {
  problem=$1
  wipe_code=wipe-unsupported
  return 1
}

# What is at the two ends of the disk and at the beginning of each partition.
erase_quick() {
  device=$DEV/$1
  bytes=$(($(cat "$ROOT/sys/block/$1/size") * 512))
  for partition in "$ROOT/sys/block/$1/$1"*; do
    [ -r "$partition/start" ] || continue
    zero "$device" "$(($(cat "$partition/start") * 512))" 1048576 || { problem='cannot be written'; return 1; }
  done
  end=$((bytes - 16777216))
  [ "$end" -gt 0 ] || end=0
  zero "$device" 0 16777216 && zero "$device" "$end" 16777216 || { problem='cannot be written'; return 1; }
  method=quick
  # It gives the blocks back; what they read as then is the disk's own business, so the ends are zero once more.
  if blkdiscard "$device" 2>/dev/null; then
    zero "$device" 0 16777216 && zero "$device" "$end" 16777216 || { problem='cannot be written'; return 1; }
    method=quick+discard
  fi
  blockdev --rereadpt "$device" 2>/dev/null || :
}

# zero DEVICE FROM COUNT: not past the end of the disk.
zero() {
  count_=$3
  [ $(($2 + count_)) -le "$bytes" ] || count_=$((bytes - $2))
  dd if=/dev/zero of="$1" bs=1M seek="$2" count="$count_" iflag=count_bytes oflag=seek_bytes conv=notrunc,fsync 2>/dev/null
}

# Sets 1 (user data) or 2 (cryptographic) where the controller can format (bit 1 of OACS; bit 2 of FNA).
erase_nvme() {
  case $1 in nvme*) ;; *) unsupported 'not an NVMe disk'; return 1 ;; esac
  controller=$DEV/${1%n*}
  identity=$(nvme id-ctrl -o json "$controller" 2>/dev/null) || { unsupported 'the controller does not answer'; return 1; }
  [ $(($(printf '%s\n' "$identity" | jq '.oacs // 0') / 2 % 2)) = 1 ] || { unsupported 'the controller cannot format'; return 1; }
  setting=1
  [ $(($(printf '%s\n' "$identity" | jq '.fna // 0') / 4 % 2)) = 0 ] || setting=2
  if ! timeout 7200 nvme format -f -s "$setting" "$DEV/$1" >"$work/nvme.log" 2>&1; then
    problem="nvme format: $(tail -n 1 "$work/nvme.log" | head -c 200)"
    return 1
  fi
  method=nvme-format-$setting
}

# A password has to be set for an erasure; it is gone with it.
erase_ata() {
  device=$DEV/$1
  identity=$(hdparm -I "$device" 2>/dev/null | sed -n '/^Security:/,/^[^ \t]/p')
  printf '%s\n' "$identity" | grep -q '^[[:space:]]*supported$' || { unsupported 'no security erase'; return 1; }
  printf '%s\n' "$identity" | grep -q 'not[[:space:]]*frozen' || { unsupported 'frozen by the firmware: power it off and on'; return 1; }
  how=--security-erase
  ! printf '%s\n' "$identity" | grep -q 'supported: enhanced erase' || how=--security-erase-enhanced
  if ! { hdparm --user-master u --security-set-pass formwork "$device" &&
    timeout 86400 hdparm --user-master u "$how" formwork "$device"; } >"$work/ata.log" 2>&1; then
    hdparm --user-master u --security-disable formwork "$device" >/dev/null 2>&1
    problem="hdparm: $(tail -n 1 "$work/ata.log" | head -c 200)"
    return 1
  fi
  method=ata${how#--}
}
