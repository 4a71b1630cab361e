# Running one step, and ending the attempt.
say() {
  printf '[formwork] %s\n' "$1" >&7
}

# run_step NAME FILE: in a session of its own. The keeper's environment is PATH, LC_ALL and DEBIAN_FRONTEND; the step's is
# that and what is written here. Sets `code`.
run_step() {
  step=$1
  say "$1"
  (
    cd "$place/role" || exit 70
    # What `cd` and the shell itself export.
    unset PWD OLDPWD SHLVL
    trap - HUP
    export FW_DIR="$place/fw" FW_ACTION="$action" FW_FOUNDING="$founding" FW_ROLE="$role" FW_NODE="$node"
    exec setsid /bin/sh "./$2" </dev/null >&7 2>&1 7>&- 8>&- 9>&-
  ) &
  step_pid=$!
  look $step_pid && echo "$step_pid $p_start" >>"$place/sessions"
  while :; do
    wait $step_pid
    code=$?
    [ -n "$stop" ] && end_stopped
    # A signal to us may end `wait` early; the step is over when its process is.
    [ $code -gt 128 ] && look $step_pid && [ "$p_state" != Z ] && continue
    return 0
  done
}

end_stopped() {
  if [ "$stop" = aborted ] && [ ! -e "$record/abort" ]; then
    # Nobody of ours: a node that shuts down sends it to everything.
    stop=lost
    put_surely "$record/why" "its supervisor was told to end, as by a node that shuts down"
  fi
  case $stop in
    lost) say "stopped: told to end" ;;
    timeout) say "stopped: the time limit of $timeout s has passed" ;;
    *) say "stopped: aborted" ;;
  esac
  while ! slay all; do say "processes of this attempt do not die; still trying"; done
  finish "$stop" "$step" 0
}

# finish KIND STEP CODE: nothing of the attempt runs after this, and nothing of its inputs is left.
finish() {
  trap '' TERM USR1
  dismiss_watchdog
  if [ -n "$step_pid" ]; then
    while ! slay session; do say "processes of this attempt do not die; still trying"; done
  fi
  exec 7>&-
  [ -d "$place/out" ] || mkdir -p "$place/out"
  f_json=$place/fw/out.json
  [ -f "$f_json" ] || f_json=
  for f_file in "$place"/fw/out/* "$place"/fw/out/.[!.]*; do
    [ -e "$f_file" ] || [ -L "$f_file" ] || continue
    mv "$place/fw/out" ${f_json:+"$f_json"} "$place/"
    f_json=
    break
  done
  [ -z "$f_json" ] || mv "$f_json" "$place/"
  [ -f "$place/fw/why" ] && head -c 1000 "$place/fw/why" >"$record/why"
  retry=5000
  if [ -f "$place/fw/retry-after-ms" ]; then
    read -r f_value <"$place/fw/retry-after-ms"
    case $f_value in '' | *[!0-9]* | ?????????*) ;; *) retry=$f_value ;; esac
  fi
  rm -rf "$place/fw" "$place/role" "$place/log.pipe" "$place/sessions"
  # A daemon that left the session may hold the pipe for ever: what it says from now on is not this attempt's.
  f_turn=0
  while [ -n "$logger" ] && alive "$logger" "$logger_start" && [ $f_turn -lt 20 ]; do
    nap_ms $((10 + f_turn * 10))
    f_turn=$((f_turn + 1))
  done
  if [ -n "$logger" ] && alive "$logger" "$logger_start"; then
    for f_file in /proc/[0-9]*; do
      look "${f_file#/proc/}" && [ "$p_parent" = "$logger" ] && kill "${f_file#/proc/}" 2>/dev/null
    done
    kill "$logger" 2>/dev/null
  fi
  if [ "$1" = failed ] && [ -e "$place/log-dropped" ]; then
    put_surely "$record/why" "No space left on device: the node's disk is full, and the log ends where it was"
  fi
  if [ "$1" = reboot ]; then
    put "$record/rebooting" "$boot"
    mkdir -p "$record/kept"
    [ -f "$place/out.json" ] && cp "$place/out.json" "$record/kept/"
    cp -R "$place/out" "$record/kept/"
  fi
  until note_surely "$record/status" "$1 $2 $3 $applied $retry $boot $fence"; do nap_ms 1000; done
  [ "$1" = reboot ] && sync
  for f_file in "$place"/clients/*; do
    { read -r f_start <"$f_file"; } 2>/dev/null && alive "${f_file##*/}" "$f_start" && kill -USR1 "${f_file##*/}"
  done
  unlock 8 "node-role-$node_role"
  unlock 9 "lane-$lane"
  # A shell that was only just forked may have taken the first TERM for its parent's.
  while [ -n "$watchdog" ] && alive "$watchdog" "$watchdog_start"; do
    dismiss_watchdog
    nap_ms 20
  done
  if [ "$1" = reboot ]; then
    f_turn=0
    while [ ! -e "$place/delivered" ] && [ $f_turn -lt 12 ]; do
      nap_ms 250
      f_turn=$((f_turn + 1))
    done
    nap_ms 500
    reboot_now
  fi
  exit 0
}

dismiss_watchdog() {
  [ -z "$watchdog" ] || kill "$watchdog" 2>/dev/null
}

reboot_now() {
  if [ -n "$reboot_command" ]; then
    $reboot_command
  else
    systemctl reboot || reboot || shutdown -r now
  fi </dev/null >/dev/null 2>&1
}
