# The front: frames to the client.
frame() {
  printf 'FW1 %s\n' "$*"
}

# end KIND [STEP CODE APPLIED RETRY BOOT]: the last frame.
end() {
  frame end "$1" "${2:--}" "${3:-0}" "${4:-0}" "${5:-0}" "${6:-$boot}"
  exit 0
}

end_because() {
  printf 'FW1 why %s\n%s' "${#2}" "$2"
  end "$1" - 0 0 "${3:-0}"
}

# send NAME FILE: a frame with the file's bytes.
send() {
  s_size=$(wc -c <"$2")
  frame "$1" $((s_size))
  head -c $((s_size)) "$2"
}

# Sends what the log holds beyond $offset. A piece is opened before its size is promised: it may be removed meanwhile.
drain() {
  for d_file in "$record"/log.*; do
    [ -e "$d_file" ] || continue
    d_start=$((${d_file##*.} - log_base))
    d_size=$(($(wc -c 2>/dev/null <"$d_file"))) || continue
    d_end=$((d_start + d_size))
    [ $d_end -gt "$offset" ] || continue
    { exec 6<"$d_file"; } 2>/dev/null || continue
    [ $d_start -gt "$offset" ] && offset=$d_start
    frame log "$offset" $((d_end - offset))
    if [ "$offset" = $d_start ]; then
      head -c "$d_size" <&6
    else
      tail -c +$((offset - d_start + 1)) <&6 | head -c $((d_end - offset))
    fi
    exec 6<&-
    offset=$d_end
  done
}

# The last bytes of the log, for the message of a failure: a client that attached late has not seen them.
send_tail() {
  set -- "$record"/log.*
  [ -e "$1" ] || return 0
  while [ $# -gt 2 ]; do shift; done
  cat "$@" | tail -c 4096 >"$run/tail.$me"
  send tail "$run/tail.$me"
  rm -f "$run/tail.$me"
}

report() {
  drain
  has_ended "$record"
  if [ "$e_kind" = "done" ]; then
    if [ ! -d "$place/out" ]; then
      end_because lost "it had ended well, but its outputs were gone from the node before anybody fetched them"
    fi
    for r_file in "$place/out.json" "$place"/out/*; do
      [ -f "$r_file" ] || continue
      r_name=${r_file#"$place"/}
      case $r_name in out.json) ;; *[!A-Za-z0-9_./-]*) continue ;; esac
      if [ $(($(wc -c <"$r_file"))) -gt $output_bytes ]; then
        end_because failed "the output file $r_name is larger than $output_bytes bytes"
      fi
      send "file $r_name" "$r_file"
    done
  else
    [ -e "$record/why" ] && send why "$record/why"
    send_tail
  fi
  frame end "$e_kind" "$e_step" "$e_code" "$e_applied" "$e_retry" "$e_boot"
  [ -d "$place" ] && : >"$place/delivered"
  exit 0
}

# From here on the keeper's end wakes us.
listen() {
  woke=
  trap 'woke=1' USR1
  [ -d "$place/clients" ] || mkdir -p "$place/clients"
  echo "$my_start" >"$place/clients/$me"
}

# Follows the keeper until it has ended. Looks at the log seldom: most attempts are over before the first time.
follow() {
  f_ms=250
  f_ticks=0
  [ $decision = start ] && wait_for_keeper $f_ms
  while :; do
    if has_ended "$record"; then report; fi
    has_keeper "$record" || h_pid=$launched h_start=$launched_start
    f_before=$offset
    drain
    if ! alive "$h_pid" "$h_start" && ! has_ended "$record"; then
      lose "its supervisor is gone without having ended it"
    fi
    if [ "$offset" != "$f_before" ]; then f_ms=200; else f_ms=400; fi
    # Also how we notice that nobody listens: writing to a closed channel ends us.
    f_ticks=$((f_ticks + f_ms))
    if [ $f_ticks -gt 10000 ]; then
      frame tick
      f_ticks=0
    fi
    wait_for_keeper $f_ms
  done
}

wait_for_keeper() {
  if [ -z "$woke" ] && ! has_ended "$record"; then
    nap_ms "$1"
    [ -z "$woke" ] || kill "$nap" 2>/dev/null
  fi
  woke=
}

# lose WHY: whatever is left of the attempt is killed before anybody is told.
lose() {
  [ $decision = restarted ] || slay all
  rm -rf "$place/fw" "$place/role"
  put_surely "$record/why" "$1"
  note_surely "$record/status" "lost - 0 0 0 $boot $fence" || end_because lost "$1"
  report
}
