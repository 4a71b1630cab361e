#!/bin/sh
# Writes an image to the one disk that the hints agree with. The sha256 is of the raw image: it is made of the very octets
# that go to the disk, and a disk that got others is made unbootable.
# shellcheck source=/dev/null disable=SC2154
. "${FORMWORK_LIB:-/lib/formwork}/task-step.sh"
for part in fetch first-boot; do
  # shellcheck source=/dev/null
  . "$LIB/$part.sh"
done

choose_disk "$hints"
target=$DEV/$disk
[ "$size" -le "$disk_bytes" ] || fail disk-too-small "$disk has $disk_bytes bytes, the image $size"

# Blocks of zeros are left out where the disk can be told to read as zeros; elsewhere old octets would stay there. On a disk
# that turns, writing zeros takes as long as writing.
holes=
queue=$ROOT/sys/block/$disk/queue
if [ "$sparse" = true ] && [ "$(cat "$queue/write_zeroes_max_bytes" 2>/dev/null || echo 0)" -gt 0 ]; then
  case $disk_transport$(cat "$queue/rotational" 2>/dev/null) in
    virtio* | *0)
      whole=$(((size + 4095) / 4096 * 4096))
      if [ "$whole" -le "$disk_bytes" ] && blkdiscard -z -o 0 -l "$whole" "$target" 2>/dev/null; then holes=,sparse; fi
      ;;
  esac
fi
printf '%s\n' "writing $image ($size bytes) to $disk${holes:+, leaving out zeros}"

decompress() { if [ "$format" = zstd ]; then zstd -d -c -q --long=31; else cat; fi; }
# Several times faster, but only with instructions that not every processor has.
if grep -q -w sha_ni "$ROOT/proc/cpuinfo"; then
  hash_of() { openssl dgst -sha256 -r; }
else
  hash_of() { sha256sum; }
fi
# The last number of bytes that dd told of.
written() { tr '\r' '\n' <"$work/write.log" 2>/dev/null | sed -n 's/^\([0-9]*\) bytes.*/\1/p' | tail -n 1; }

mkfifo "$work/hash.pipe"
hash_of <"$work/hash.pipe" >"$work/hash" &
hashing=$!
{
  { fetch "/agent/v1/images/$image"; echo $? >"$work/fetch.code"; } |
    { decompress 2>"$work/decompress.problem"; echo $? >"$work/decompress.code"; } |
    tee "$work/hash.pipe" |
    { dd of="$target" bs=256k iflag=fullblock "conv=notrunc,fsync$holes" status=progress 2>"$work/write.log"; echo $? >"$work/write.code"; }
} &
writing=$!
while kill -0 "$writing" 2>/dev/null; do
  sleep 0.5
  done_bytes=$(written)
  progress $((${done_bytes:-0} * 100 / size)) "${done_bytes:-0} of $size bytes"
done
wait "$writing"
wait "$hashing"

# spoil CODE MESSAGE: nothing that is half or wrong may boot. Where nothing was written the disk is as it was.
spoil() {
  [ "${done_bytes:-0}" = 0 ] && [ -z "$holes" ] || {
    dd if=/dev/zero of="$target" bs=1M count=4 conv=notrunc,fsync
    # A copy of a partition table.
    dd if=/dev/zero of="$target" bs=1M count=1 seek=$((disk_bytes - 1048576)) oflag=seek_bytes conv=notrunc,fsync
  } 2>/dev/null
  fail "$1" "$2"
}
done_bytes=$(written)
read -r hash _ <"$work/hash"
[ ! -s "$work/fetch.problem" ] || spoil download-failed "$(cat "$work/fetch.problem")"
[ "$(cat "$work/write.code")" = 0 ] || spoil write-failed "$(tail -n 1 "$work/write.log" | tail -c 200)"
[ "$(cat "$work/decompress.code")" = 0 ] || spoil download-failed "not zstd: $(head -c 200 "$work/decompress.problem")"
[ "$(cat "$work/fetch.code")" = 0 ] || spoil download-failed 'the download ended early'
[ "$done_bytes" = "$size" ] || spoil size-mismatch "the image has $done_bytes bytes, not $size"
[ "$hash" = "$sha256" ] || spoil sha256-mismatch "the image has sha256 $hash"

if [ "$read_back" = true ]; then
  progress 100 'reading back'
  echo 3 >"$ROOT/proc/sys/vm/drop_caches" 2>/dev/null
  head -c "$size" "$target" | hash_of >"$work/hash"
  read -r hash _ <"$work/hash"
  [ "$hash" = "$sha256" ] || spoil verify-failed "the disk reads as sha256 $hash"
fi
[ -z "$seed_size" ] || put_seed "$task_id"
blockdev --rereadpt "$target" 2>/dev/null
sync
printf '{"disk":"%s","sha256":"%s","bytes":%s,"sparse":%s}' "$disk" "$hash" "$size" "$([ -n "$holes" ] && echo true || echo false)" >"$work/outputs"
say "wrote $size bytes to $disk"
