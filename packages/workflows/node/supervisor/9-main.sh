# Abort, and the choice of mode.
abort() {
  a_left=0
  # Whoever claimed before us may still be on its way here with a launch: it must find a higher fence than its own.
  if [ -n "$node_role" ]; then
    until try_lock 8 claim; do nap_ms 20; done
    mkdir -p "$lib/n/$node_role/a"
    a_fence=0
    [ -e "$lib/n/$node_role/fence" ] && { read -r a_fence a_key <"$lib/n/$node_role/fence" || a_fence=0; }
    [ "$fence" -ge "$a_fence" ] && put "$lib/n/$node_role/fence" "$((fence + 1)) $attempt"
    unlock 8 claim
  fi
  for record in "$lib"/n/*/a/"$attempt" "$lib"/n/*/a/"$attempt".after-*; do
    [ -d "$record" ] || continue
    has_ended "$record" && continue
    key=${record##*/}
    place=$run/a/$key
    true >"$record/abort"
    a_turn=0
    a_pid=
    # The keeper does it itself: it holds the locks, and ends the log and the record in order.
    while ! has_ended "$record" && [ $a_turn -lt 80 ]; do
      if has_keeper "$record"; then
        a_pid=$h_pid a_start=$h_start a_boot=$h_boot
        [ "$a_boot" = "$boot" ] && alive "$a_pid" "$a_start" || break
        kill -TERM "$a_pid" 2>/dev/null
      elif [ -e "$record/claimer" ]; then
        read -r a_cpid a_start a_boot <"$record/claimer"
        [ "$a_boot" = "$boot" ] && alive "$a_cpid" "$a_start" || break
      fi
      nap_ms 250
      a_turn=$((a_turn + 1))
    done
    has_ended "$record" && continue
    [ -n "$a_pid" ] && [ "$a_boot" = "$boot" ] && alive "$a_pid" "$a_start" && kill -KILL "$a_pid" 2>/dev/null
    if slay all; then
      rm -rf "$place/fw" "$place/role"
      note_surely "$record/status" "aborted - 0 0 0 $boot 0"
    else
      a_left=1
    fi
  done
  if [ $a_left = 0 ]; then frame gone; else frame alive; fi
}

if [ ! -d "$run/locks" ] || [ ! -d "$run/a" ] || [ ! -d "$lib/n" ] || [ ! -d "$lib/bundles" ] || [ ! -d "$lib/used" ]; then
  mkdir -p "$run/locks" "$run/a" "$lib/n" "$lib/bundles" "$lib/used"
  chmod 700 "$run" "$lib"
fi
case $mode in
  run) front ;;
  abort) abort ;;
  forget)
    # The worker has stored the outputs: what is secret in them need not wait for the next attempt to go.
    rm -rf "$run/a/$attempt/out" "$run/a/$attempt".after-*/out
    frame gone
    ;;
esac
