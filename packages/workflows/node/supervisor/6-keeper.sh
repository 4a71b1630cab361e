# The keeper: locks, orphans, then check, apply, verify.
# wait_for_lock FD NAME: in line until it is ours, the time is up or somebody aborts.
wait_for_lock() {
  w_told=
  w_ms=50
  until try_lock "$1" "$2"; do
    [ -n "$stop" ] && end_stopped
    [ -e "$record/abort" ] && stop=aborted && end_stopped
    [ -z "$w_told" ] && say "waiting until what runs in $2 has ended"
    w_told=1
    nap_ms $w_ms
    [ $w_ms -lt 400 ] && w_ms=$((w_ms * 2))
  done
}

# Attempts of this node-role or this lane whose keeper died: nobody watches them any more, so they must be gone first.
clear_orphans() {
  c_mine_record=$record c_mine_place=$place
  for c_record in "$lib"/n/*/a/*; do
    [ "$c_record" = "$c_mine_record" ] && continue
    has_keeper "$c_record" || continue
    has_ended "$c_record" && continue
    c_owner=${c_record%/a/*}
    read -r c_lane <"$c_record/lane" || c_lane=
    [ "${c_owner##*/}" = "$node_role" ] || [ "$c_lane" = "$lane" ] || continue
    if [ "$h_boot" = "$boot" ]; then
      alive "$h_pid" "$h_start" && continue
      record=$c_record place=$run/a/${c_record##*/}
      while ! slay all; do
        [ -n "$stop" ] && break
        nap_ms 500
      done
      record=$c_mine_record place=$c_mine_place
      [ -n "$stop" ] && end_stopped
    fi
    rm -rf "$run/a/${c_record##*/}"
    note_surely "$c_record/status" "lost - 0 0 0 $boot 0"
  done
}

# The last three attempts of the node-role stay, and outputs only of the one that runs now.
prune() {
  read -r p_mine <"$record/number"
  set --
  for p_record in "$lib/n/$node_role"/a/*; do
    [ "$p_record" = "$record" ] && continue
    has_ended "$p_record" || continue
    [ -e "$run/a/${p_record##*/}" ] && set -- "$@" "$run/a/${p_record##*/}"
    read -r p_number <"$p_record/number" || p_number=0
    [ "$p_number" -gt $((p_mine - 3)) ] || set -- "$@" "$p_record"
  done
  [ $# = 0 ] || rm -rf "$@"
}

# settle: what an exit code of apply, verify, refresh, remove or evict means.
settle() {
  case $code in
    0) return 0 ;;
    75) finish transient "$step" 75 ;;
    76)
      put_surely "$record/resume" "$step $applied"
      finish not-yet "$step" 76
      ;;
    77) finish reboot "$step" 77 ;;
    *) finish failed "$step" "$code" ;;
  esac
}

# What a fork of the front has to become: a process of its own name, without the environment that sshd gave it. Whoever
# started us may go with its terminal.
be_keeper() {
  trap '' HUP
  look self && me=$p_pid my_start=$p_start
  keeper_pid=$me
  b_before=
  set -f
  for b_word in $(export -p); do
    b_name=${b_word%%=*}
    case $b_before,$b_name in
      *[!A-Za-z0-9_,]* | *,[0-9]* | *, | *,PATH | *,LC_ALL) ;;
      export,*[a-z]*)
        # May be one of ours that was there before us: it is kept, but not handed on.
        eval "b_value=\${$b_name-}"
        unset "$b_name"
        eval "$b_name=\$b_value"
        ;;
      export,*) unset "$b_name" ;;
    esac
    b_before=$b_word
  done
  set +f
  export DEBIAN_FRONTEND=noninteractive
}

keeper() {
  stop= step=- step_pid= watchdog= logger= applied=0
  trap 'stop=aborted' TERM
  trap 'stop=timeout' USR1
  note_surely "$record/keeper" "$me $my_start $boot" || exit 73
  # Before any step runs: a node that loses its power must know afterwards that it was in the middle of this.
  sync "$record/keeper" 2>/dev/null
  [ -p "$place/log.pipe" ] || mkfifo "$place/log.pipe"
  keep_log <"$place/log.pipe" >/dev/null 2>&1 &
  logger=$!
  look $logger && logger_start=$p_start
  exec 7>"$place/log.pipe"
  # The watchdog says it again until it is heard: a signal between two commands would be lost on `wait`.
  (
    exec 7>&-
    w_sleep=
    trap 'kill $w_sleep 2>/dev/null; exit 0' TERM
    w_left=$timeout
    while [ "$w_left" -gt 0 ]; do
      w_nap=$((w_left > 10 ? 10 : w_left))
      sleep $w_nap &
      w_sleep=$!
      wait $w_sleep
      w_left=$((w_left - w_nap))
      alive "$keeper_pid" "$my_start" || exit 0
    done
    while alive "$keeper_pid" "$my_start"; do
      kill -USR1 "$keeper_pid"
      sleep 1 &
      w_sleep=$!
      wait $w_sleep
    done
  ) </dev/null >/dev/null 2>&1 &
  watchdog=$!
  look $watchdog && watchdog_start=$p_start
  wait_for_lock 8 "node-role-$node_role"
  wait_for_lock 9 "lane-$lane"
  [ -e "$record/abort" ] && stop=aborted && end_stopped
  read -r k_fence k_key <"$lib/n/$node_role/fence"
  if [ "$k_key" != "$key" ]; then
    echo "attempt $k_key with fence $k_fence came while this one was waiting" >"$record/why"
    finish fenced - 0
  fi
  clear_orphans
  prune
  resume_at=
  if [ -e "$record/resume" ]; then
    read -r resume_at applied <"$record/resume"
    rm -f "$record/resume"
  fi
  case $phase in
    apply)
      wanted=1
      if [ -z "$resume_at" ] && [ -n "$step_check" ]; then
        run_step check "$step_check"
        case $code in
          0) wanted=0 ;;
          1) ;;
          *) finish failed check "$code" ;;
        esac
      fi
      if [ "$resume_at" != verify ] && [ $wanted = 1 ] && [ -n "$step_apply" ]; then
        applied=1
        run_step apply "$step_apply"
        settle
      fi
      if [ -n "$step_verify" ]; then
        run_step verify "$step_verify"
        settle
      fi
      ;;
    verify)
      [ -n "$from_boot" ] && applied=1
      if [ -n "$step_verify" ]; then
        run_step verify "$step_verify"
        settle
      fi
      ;;
    refresh) [ -n "$step_refresh" ] && applied=1 && run_step refresh "$step_refresh" && settle ;;
    remove) [ -n "$step_remove" ] && applied=1 && run_step remove "$step_remove" && settle ;;
    evict) [ -n "$step_evict" ] && applied=1 && run_step evict "$step_evict" && settle ;;
  esac
  finish "done" - 0
}
