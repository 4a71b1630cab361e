# What makes an image this machine's: a small file system, made by the server for this installation, that fills a partition
# which the image keeps free for it. It may hold secrets: it stays in memory and comes once.
# shellcheck shell=dash disable=SC2154 # work, target, seed_...: task-step.sh and the task

# put_seed TASK-ID
put_seed() {
  local tries=0
  # What broke off begins anew: it is small.
  until rm -f "$work/decompress.code" "$work/fetch.problem" && fetch "/agent/v1/tasks/$1/first-boot" >"$work/seed"; do
    tries=$((tries + 1))
    [ "$tries" -lt 3 ] || break
  done
  [ ! -s "$work/fetch.problem" ] || spoil first-boot-failed "the seed: $(cat "$work/fetch.problem")"
  found=$(sha256sum <"$work/seed")
  [ "$(wc -c <"$work/seed" | tr -d ' ')" = "$seed_size" ] && [ "${found%% *}" = "$seed_sha256" ] ||
    spoil first-boot-failed "the seed has sha256 ${found%% *}"
  [ $((seed_offset + seed_size)) -le "$size" ] || spoil first-boot-failed 'the place of the seed is outside of the image'
  dd if="$work/seed" of="$target" bs=512 seek=$((seed_offset / 512)) conv=notrunc,fsync 2>"$work/seed.log" ||
    spoil first-boot-failed "$(tail -n 1 "$work/seed.log")"
  rm -f "$work/seed"
}
