# The parts of a burn-in. Each takes its seconds, says what is wrong by `bad`, and adds to the outputs.
# shellcheck shell=dash disable=SC2154 # disk_names, work, whole, cpu, memory: burn-in.sh

bad() { printf '%s\n' "$1" >>"$work/bad"; }

# add_output NAME JSON
add_output() { printf '"%s":%s\n' "$1" "$2" >>"$work/parts"; }

hardware_errors() { dmesg | grep -c -i -e 'hardware error' -e 'machine check' -e 'I/O error' -e 'uncorrect'; }

# watch_progress SECONDS OFFSET NAME: until the time is over.
watch_progress() {
  end=$(($(uptime_seconds) + $1))
  while left=$((end - $(uptime_seconds))) && [ "$left" -gt 0 ]; do
    progress $((($2 + $1 - left) * 100 / whole)) "$3"
    sleep 1
  done
}

sum_of_zeros() { dd if=/dev/zero bs=1M count=8 2>/dev/null | sha256sum; }

burn_cpu() {
  # sha256 of 8 MiB of zeros
  expected='2daeb1f36095b44b318410b3f4e8b5d989dcc7bb023d1426c492dab0a3053e74  -'
  threads=$(nproc)
  until_=$(($(uptime_seconds) + $1))
  thread=0
  while [ "$thread" -lt "$threads" ]; do
    (
      rounds=0
      # Once at least, however slow it is.
      while [ "$rounds" = 0 ] || [ "$(uptime_seconds)" -lt "$until_" ]; do
        [ "$(sum_of_zeros)" = "$expected" ] || bad "processor: a wrong sum in worker $thread"
        rounds=$((rounds + 1))
      done
      printf '%s\n' "$rounds" >>"$work/rounds"
    ) &
    thread=$((thread + 1))
  done
  watch_progress "$1" 0 processors
  wait
  rounds=$(awk '{ sum += $1 } END { print sum + 0 }' "$work/rounds")
  add_output cpu "{\"threads\":$threads,\"rounds\":$rounds}"
}

burn_memory() {
  available=$(awk '/^MemAvailable:/ { printf "%d", $2 / 1024 }' /proc/meminfo)
  # The agent needs some itself.
  mebibytes=$((available * 9 / 10 - 32))
  [ "$mebibytes" -ge 1 ] || { bad 'memory: none is free'; return; }
  timeout "$1" memtester "${mebibytes}M" >"$work/memory.log" 2>&1 &
  tester=$!
  watch_progress "$1" "$cpu" memory
  wait "$tester"
  code=$?
  ! grep -q FAILURE "$work/memory.log" || bad "memory: $(tr '\r' '\n' <"$work/memory.log" | tr '\010' '\n' | grep FAILURE | head -n 1)"
  # Ended by the clock: 143 or 124. All else is memtester's own.
  case $code in 0 | 124 | 143) ;; *) bad "memory: memtester ended with $code" ;; esac
  add_output memory "{\"mebibytes\":$mebibytes}"
}

burn_disks() {
  matching_disks null
  for name in $disk_names; do
    (
      timeout -s INT "$1" "$(command -v dd)" if="$DEV/$name" of=/dev/null bs=1M iflag=direct 2>"$work/read.$name"
      case $? in 0 | 124 | 130) ;; *) bad "disk $name: $(tail -n 1 "$work/read.$name" | head -c 200)" ;; esac
    ) &
  done
  watch_progress "$1" $((cpu + memory)) disks
  wait
  read_all=''
  for name in $disk_names; do
    read_bytes=$(sed -n 's/^\([0-9]*\) bytes.*/\1/p' "$work/read.$name" | tail -n 1)
    read_all="$read_all${read_all:+,}{\"name\":\"$name\",\"readBytes\":${read_bytes:-0}}"
  done
  add_output disks "[$read_all]"
}
