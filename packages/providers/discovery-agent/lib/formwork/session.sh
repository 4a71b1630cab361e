# The session: claimed once with the boot's token and a key made here, then reports and tasks.
# shellcheck shell=dash disable=SC2154 # token, boot_mac, server: settings.sh

# Without a token there is nothing to claim: a later boot may get one.
claim() {
  [ ! -s "$RUN/session" ] || return 0
  case $token in '' | *[!A-Za-z0-9_-]*) restart_later 'the boot script gave no token'; return 1 ;; esac
  printf '{"token":"%s","mac":"%s","publicKey":"%s"}' "$token" "$boot_mac" "$(public_key)" >"$RUN/claim"
  if ! deliver send POST /agent/v1/claim "$RUN/claim" 'content-type: application/json'; then
    restart_later 'the claim was refused'
    return 1
  fi
  claimed_session=$(json_value session "$RUN/answer.body") claimed_machine=$(json_value machine "$RUN/answer.body")
  poll_seconds=$(json_value pollSeconds "$RUN/answer.body") server_now=$(json_value now "$RUN/answer.body")
  case $poll_seconds in '' | *[!0-9]* | 0) poll_seconds=5 ;; esac
  case ${claimed_session:+s}${claimed_machine:+m}${server_now%%.*} in
    sm[0-9]*) server_now=${server_now%%.*} ;;
    *) restart_later 'the answer to the claim is no answer'; return 1 ;;
  esac
  printf '%s\n' "$poll_seconds" >"$RUN/poll-seconds"
  # The server's time less the time that this machine runs: its own clock may be anything.
  echo $((server_now - $(uptime_seconds))) >"$RUN/clock-offset"
  printf '%s\n' "$claimed_machine" >"$RUN/machine"
  printf '%s\n' "$claimed_session" >"$RUN/session"
  rm -f "$RUN/claim"
  log "claimed: session $claimed_session, machine $claimed_machine"
}

now_seconds() { echo $(($(uptime_seconds) + $(cat "$RUN/clock-offset"))); }

restart_later() {
  log "$1; starting this machine again in $refused_seconds seconds"
  sleep "$refused_seconds"
  restart_machine "$1"
}

report() {
  all_facts >"$RUN/facts.json" || { log 'the facts make no document'; return 1; }
  count_lldp >"$RUN/lldp.reported"
  deliver signed POST /agent/v1/report "$RUN/facts.json" 'content-type: application/json' && log 'reported'
}

# Once more, when switches have said who they are.
report_lldp() {
  [ "$(count_lldp)" = "$(cat "$RUN/lldp.reported")" ] || report
}

# poll: one question for a task; sets how long to wait before the next.
poll() {
  wait_seconds=$(cat "$RUN/poll-seconds")
  deliver signed GET /agent/v1/task /dev/null || return 0
  if [ "$status" = 204 ]; then
    asked=$(answer_header retry-after)
    case $asked in '' | *[!0-9]* | ????*) ;; *) [ "$asked" -ge "$wait_seconds" ] || wait_seconds=$asked ;; esac
    return 0
  fi
  mkdir -p "$RUN/task"
  cp "$RUN/answer.body" "$RUN/task/document"
  # A task is followed by the question for the next one; a refused one is not, since it would come at once again.
  if handle_task "$(answer_header formwork-task-signature)" "$(answer_header formwork-task-id)"; then wait_seconds=0; fi
}
