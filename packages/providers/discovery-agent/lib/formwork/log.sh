# The log: to the console, and to a file that goes to the server piece by piece. No secret may be said here.
# shellcheck shell=dash

log() {
  printf '[%s] %s\n' "$(uptime_seconds)" "$*" | tee -a "$RUN/log" >&2
}

# It is in memory: what has been sent is forgotten now and then, and what cannot be sent for long as well.
shorten_log() {
  if [ "$size" -gt 4194304 ] && [ "$sent" -ge "$size" ] || [ "$size" -gt 33554432 ]; then
    : >"$RUN/log"
    rm -f "$RUN/log.sent"
  fi
}

# What the server has not got yet, at most 48 KiB at a time; what does not arrive is sent with the next.
send_log() {
  [ -s "$RUN/log" ] && [ -s "$RUN/session" ] || return 0
  sent=$(cat "$RUN/log.sent" 2>/dev/null || echo 0)
  size=$(wc -c <"$RUN/log")
  shorten_log
  [ "$size" -gt "$sent" ] || return 0
  tail -c "+$((sent + 1))" "$RUN/log" | head -c 49152 >"$RUN/log.piece"
  signed POST /agent/v1/log "$RUN/log.piece" 'content-type: text/plain; charset=utf-8' || return 0
  # A piece that is refused for what is in it would be refused for ever.
  case $status in
    2?? | 400 | 413 | 422) echo $((sent + $(wc -c <"$RUN/log.piece"))) >"$RUN/log.sent" ;;
  esac
}
