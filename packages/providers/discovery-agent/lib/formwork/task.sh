# One task: its signature first, before anything of it is looked at; then what it asks for, in a process of its own, while
# progress and log go to the server; then the result, until it has arrived.
# shellcheck shell=dash disable=SC2154 # from settings.sh and the others

# handle_task SIGNATURE NAMED-ID: 1 when it was refused.
handle_task() {
  # Only to say what was refused: nobody has signed this.
  case $2 in *[!A-Za-z0-9_.-]* | '' | .*) named= ;; *) named=$2 ;; esac
  if [ ! -s "$SITE_KEY" ]; then
    refuse "$named" no-site-key 'this image was built without the key of the site'
    return 1
  fi
  if ! verify "$RUN/task/document" "$1"; then
    refuse "$named" signature-invalid 'the task was not signed by the site'
    return 1
  fi
  if ! jq -r -f "$LIB/task.jq" "$RUN/task/document" >"$RUN/task/words" 2>"$RUN/task/problem"; then
    refuse "$named" task-invalid "$(head -c 300 "$RUN/task/problem")"
    return 1
  fi
  # shellcheck source=/dev/null
  . "$RUN/task/words"
  if [ "$task_machine" != "$(cat "$RUN/machine")" ] || [ "$task_session" != "$(cat "$RUN/session")" ]; then
    refuse "$task_id" task-of-other 'the task is for another machine or session'
    return 1
  fi
  # Done before: its result was lost.
  if [ ! -s "$RUN/done/$task_id" ]; then
    if [ "$(now_seconds)" -gt "$task_not_after" ]; then
      refuse "$task_id" task-expired 'the time of the task is over'
      return 1
    fi
    if [ ! -r "$LIB/tasks/$task_kind.sh" ]; then
      refuse "$task_id" kind-unknown "this agent knows no task of kind $task_kind"
      return 1
    fi
    run_task
  fi
  deliver signed POST "/agent/v1/tasks/$task_id/result" "$RUN/done/$task_id" 'content-type: application/json'
  act_after
}

# refuse ID CODE MESSAGE
refuse() {
  log "task ${1:-without a name} is refused: $2: $3"
  rm -f "$RUN/task/document" "$RUN/task/words"
  [ -n "$1" ] || return 0
  printf '{"ok":false,"code":"%s","message":%s,"outputs":{}}' "$2" "$(printf %s "$3" | json_text)" >"$RUN/task/refusal"
  deliver signed POST "/agent/v1/tasks/$1/result" "$RUN/task/refusal" 'content-type: application/json'
}

# Leaves the result in done/<id>.
run_task() {
  work=$RUN/task/work
  rm -rf "$work"
  mkdir -p "$work"
  : >"$RUN/task.running"
  log "task $task_id: $task_kind"
  # Without lock, session and key a task could not fetch images; it is as trusted as this process.
  # A session of its own, so that an agent that is started anew can end what its forerunner has left.
  setsid /bin/sh "$LIB/tasks/$task_kind.sh" "$RUN/task/words" "$work" >>"$RUN/log" 2>&1 </dev/null &
  process=$!
  printf '%s\n' "$process" >"$RUN/task/process"
  told=
  while kill -0 "$process" 2>/dev/null; do
    sleep 0.3
    if [ -s "$work/progress" ] && [ "$(cat "$work/progress")" != "$told" ]; then
      told=$(cat "$work/progress")
      cp "$work/progress" "$RUN/task/progress"
      # One try: there will be another progress, and the result.
      if signed POST "/agent/v1/tasks/$task_id/progress" "$RUN/task/progress" 'content-type: application/json'; then heard; fi
    fi
    send_log
  done
  wait "$process"
  write_result $? >"$RUN/task/result"
  mv "$RUN/task/result" "$RUN/done/$task_id"
  rm -f "$RUN/task.running"
  [ ! -e "$work/after" ] || cp "$work/after" "$RUN/done/$task_id.after"
  rm -rf "$work" "$RUN/task/document" "$RUN/task/words" "$RUN/task/process"
  heard
}

# A task that outlived the agent that began it: half done it is begun again, and two of it would be worse.
end_left_task() {
  for file in "$RUN/task/process" "$RUN/task/work/group"; do
    [ ! -s "$file" ] || kill -KILL "-$(cat "$file")" 2>/dev/null
  done
  rm -rf "$RUN/task" "$RUN/task.running"
}

# write_result EXIT-CODE: what the task said of itself; one that said nothing has failed.
write_result() {
  [ -s "$work/outputs" ] || echo '{}' >"$work/outputs"
  if [ "$1" = 0 ]; then
    code=ok ok=true message=$(cat "$work/message" 2>/dev/null)
  else
    ok=false code=$(cat "$work/code" 2>/dev/null || echo task-failed)
    message=$(cat "$work/message" 2>/dev/null || printf '%s\n' "the task ended with exit code $1")
  fi
  log "task $task_id: $code${message:+: $message}"
  printf '{"ok":%s,"code":"%s","message":%s,"outputs":' "$ok" "$code" "$(printf %s "$message" | json_text)"
  cat "$work/outputs"
  printf '}'
}

# What would end this process waits until the server has the result.
act_after() {
  [ -s "$RUN/done/$task_id.after" ] || return 0
  send_log
  # shellcheck source=/dev/null
  . "$RUN/done/$task_id.after"
}
