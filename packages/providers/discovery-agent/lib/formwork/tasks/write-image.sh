#!/bin/sh
# Writes an image to the one disk that the hints agree with. The sha256 is of the raw image: it is made of the very octets
# that go to the disk, and a disk that got others is made unbootable.
# shellcheck source=/dev/null
. "${FORMWORK_LIB:-/lib/formwork}/task-step.sh"
# shellcheck source=/dev/null
. "$LIB/fetch.sh"
# shellcheck source=/dev/null
. "$LIB/first-boot.sh"

image=$(field .image)
size=$(field .sizeBytes)
choose_disk .hints
target=$DEV/$disk
[ "$size" -le "$disk_bytes" ] || fail disk-too-small "$disk has $disk_bytes bytes, the image $size"
queue=$ROOT/sys/block/$disk/queue

# Blocks of zeros are left out where the disk can be told to read as zeros; elsewhere old octets would stay there.
holes=
if [ "$(field .sparse)" = true ] && [ "$(cat "$queue/rotational" 2>/dev/null)" = 0 ] &&
  [ "$(cat "$queue/write_zeroes_max_bytes" 2>/dev/null || echo 0)" -gt 0 ]; then
  whole=$(((size + 4095) / 4096 * 4096))
  if [ "$whole" -le "$disk_bytes" ] && blkdiscard -z -o 0 -l "$whole" "$target" 2>/dev/null; then holes=,sparse; fi
fi
printf '%s\n' "writing $image ($size bytes) to $disk${holes:+, leaving out zeros}"

decompress() { if [ "$(field .format)" = zstd ]; then zstd -d -c -q --long=31; else cat; fi; }

mkfifo "$work/hash.pipe"
sha256sum <"$work/hash.pipe" >"$work/hash" &
hashing=$!
{
  { fetch "/agent/v1/images/$image"; echo $? >"$work/fetch.code"; } |
    { decompress 2>"$work/decompress.problem"; echo $? >"$work/decompress.code"; } |
    tee "$work/hash.pipe" |
    { dd of="$target" bs=256k iflag=fullblock "conv=notrunc,fsync$holes" status=progress 2>"$work/write.log"; echo $? >"$work/write.code"; }
} &
writing=$!
written() { tr '\r' '\n' <"$work/write.log" 2>/dev/null | sed -n 's/^\([0-9]*\) bytes.*/\1/p' | tail -n 1; }
while kill -0 "$writing" 2>/dev/null; do
  sleep 1
  done_bytes=$(written)
  progress $((${done_bytes:-0} * 100 / size)) "${done_bytes:-0} of $size bytes"
done
wait "$writing"
wait "$hashing"

# Nothing that is half or wrong may boot.
spoil() {
  # Where nothing was written yet the disk is as it was.
  [ "${done_bytes:-0}" = 0 ] && [ -z "$holes" ] || dd if=/dev/zero of="$target" bs=1M count=4 conv=notrunc,fsync 2>/dev/null
  fail "$1" "$2"
}
done_bytes=$(written)
read -r hash _ <"$work/hash"
[ "$(cat "$work/fetch.code")" = 0 ] || spoil download-failed "$(cat "$work/fetch.problem")"
[ "$(cat "$work/decompress.code")" = 0 ] || spoil download-failed "not zstd: $(head -c 200 "$work/decompress.problem")"
[ "$(cat "$work/write.code")" = 0 ] || spoil write-failed "$(tail -n 1 "$work/write.log" | tail -c 200)"
[ "$done_bytes" = "$size" ] || spoil size-mismatch "the image has $done_bytes bytes, not $size"
[ "$hash" = "$(field .sha256)" ] || spoil sha256-mismatch "the image has sha256 $hash"

if [ "$(field .verify)" = true ]; then
  progress 100 'reading back'
  echo 3 >"$ROOT/proc/sys/vm/drop_caches" 2>/dev/null
  read_hash=$(head -c "$size" "$target" | sha256sum)
  [ "${read_hash%% *}" = "$hash" ] || spoil verify-failed "the disk reads as sha256 ${read_hash%% *}"
fi
blockdev --rereadpt "$target" 2>/dev/null
if [ "$(field '.firstBoot | type')" = object ]; then put_first_boot "$disk"; fi
sync
jq -n -c --arg disk "$disk" --arg sha256 "$hash" --argjson bytes "$size" --argjson sparse "$([ -n "$holes" ] && echo true || echo false)" \
  '{$disk, $sha256, $bytes, $sparse}' >"$work/outputs"
say "wrote $size bytes to $disk"
