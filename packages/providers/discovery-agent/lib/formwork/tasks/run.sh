#!/bin/sh
# Runs a script; what it prints goes to the log, the last of it into the result. It may leave a JSON object of its own in
# the file $FORMWORK_OUTPUTS.
# shellcheck source=/dev/null disable=SC2154
. "${FORMWORK_LIB:-/lib/formwork}/task-step.sh"
printf '%s' "$script_text" >"$work/script"
mkfifo "$work/pipe"
tee "$work/output" <"$work/pipe" &
reader=$!
# A session of its own: when time is up nothing of it stays.
# shellcheck disable=SC2016
FORMWORK_OUTPUTS=$work/outputs setsid /bin/sh -c 'echo $$ >"$1/group"; exec sh "$1/script" >"$1/pipe" 2>&1' run "$work" &
script=$!
(
  sleep "$seconds"
  : >"$work/late"
  kill -TERM "-$(cat "$work/group")"
  sleep 5
  kill -KILL "-$(cat "$work/group")"
) >/dev/null 2>&1 &
timer=$!
wait "$script"
code=$?
kill "$timer" 2>/dev/null
if [ -e "$work/late" ]; then kill -KILL "-$(cat "$work/group")" 2>/dev/null; fi
# Whoever still holds the pipe has not been asked to; the output is what is there.
(
  sleep 2
  kill "$reader"
) >/dev/null 2>&1 &
wait "$reader" 2>/dev/null
tail -c 16384 "$work/output" >"$work/tail"
[ -s "$work/outputs" ] && jq -e 'type == "object"' "$work/outputs" >/dev/null 2>&1 || echo '{}' >"$work/outputs"
jq -c --argjson code "$code" --rawfile output "$work/tail" '{exitCode: $code, output: $output} + .' "$work/outputs" >"$work/result"
mv "$work/result" "$work/outputs"
[ ! -e "$work/late" ] || fail timeout "the script took longer than $seconds seconds"
[ "$code" = 0 ] || fail script-failed "the script ended with exit code $code"
