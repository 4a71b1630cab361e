# Requests that have to arrive: again and again, with longer and longer pauses, for as long as it takes.
# shellcheck shell=dash disable=SC2154 # watchdog_seconds, refused_seconds, status: settings.sh, http.sh

heard() { uptime_seconds >"$RUN/heard"; }

# restart_machine WHY: the last resort. A boot asks the server anew what to do.
restart_machine() {
  log "starting this machine again: $1"
  send_log
  sync
  reboot -f
  # Where it is not allowed (a test, a container) the agent at least begins anew.
  exit 75
}

# Ends in a restart when nobody has answered for long. A task that runs is not disturbed.
check_watchdog() {
  [ ! -e "$RUN/task.running" ] || return 0
  silent=$(($(uptime_seconds) - $(cat "$RUN/heard" 2>/dev/null || echo 0)))
  [ "$silent" -lt "$watchdog_seconds" ] || restart_machine "nothing heard of the server for $silent seconds"
}

# deliver HOW METHOD TARGET BODY-FILE [HEADER...]: HOW is send or signed. 0: done. 1: refused for what it says.
deliver() {
  local pause=1
  local refused_since=''
  while :; do
    if "$@"; then
      case $status in
        2??) heard; return 0 ;;
        400 | 404 | 405 | 410 | 413 | 415 | 422)
          heard
          log "$2 $3 was refused: $status $(head -c 300 "$RUN/answer.body" | tr -c ' -~' ' ')"
          return 1
          ;;
        401 | 403 | 409)
          # The server is there, and says no: its clock, a restart, a lost answer; or this session is over.
          [ -n "$refused_since" ] || refused_since=$(uptime_seconds)
          log "$2 $3: $status $(head -c 300 "$RUN/answer.body" | tr -c ' -~' ' ')"
          refused=$(($(uptime_seconds) - refused_since))
          [ "$refused" -lt "$refused_seconds" ] || restart_machine "refused for $refused seconds"
          ;;
        *) log "$2 $3: $status, trying again" ;;
      esac
    fi
    check_watchdog
    wait_for=$(answer_header retry-after 2>/dev/null)
    case $wait_for in '' | *[!0-9]* | ????*) wait_for=$pause ;; esac
    sleep "$wait_for"
    [ "$pause" -ge 30 ] || pause=$((pause * 2))
    [ "$pause" -le 30 ] || pause=30
  done
}

# leave_machine COMMAND...: for good. A watchdog that is still awake would end what comes next.
leave_machine() {
  log "leaving: $*"
  send_log
  killall -q watchdog && sleep 1
  sync
  "$@"
  exit 75
}
