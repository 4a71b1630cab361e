# HTTP/1.0 by nc: statuses, headers and ranges are all needed, and busybox's wget gives away none of them.
# shellcheck shell=dash disable=SC2154 # host, port: settings.sh

# One request at a time: counters have to arrive in order. A holder is never longer at it than its time limits.
lock() {
  local tries=0
  until mkdir "$RUN/http.lock" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 1200 ] || rmdir "$RUN/http.lock" 2>/dev/null
    sleep 0.1
  done
}

unlock() { rmdir "$RUN/http.lock" 2>/dev/null; }

# write_request METHOD TARGET BODY-FILE [HEADER...]
write_request() {
  {
    printf '%s %s HTTP/1.0\r\nhost: %s:%s\r\nconnection: close\r\n' "$1" "$2" "$host" "$port"
    [ "$1" = GET ] || printf 'content-length: %s\r\n' "$(wc -c <"$3" | tr -d ' ')"
    body_=$3
    shift 3
    for header_; do printf '%s\r\n' "$header_"; done
    printf '\r\n'
    cat "$body_"
  } >"$RUN/request"
}

# send METHOD TARGET BODY-FILE [HEADER...]: sets `status`, the rest is in answer.headers and answer.body. Fails when no
# whole answer came; then `status` is 0.
send() {
  status=0
  write_request "$@"
  timeout 60 nc -w 10 "$host" "$port" <"$RUN/request" >"$RUN/answer" 2>/dev/null
  sed '/^\r*$/q' "$RUN/answer" >"$RUN/answer.headers"
  tail -c "+$(($(wc -c <"$RUN/answer.headers") + 1))" "$RUN/answer" >"$RUN/answer.body"
  tr -d '\r' <"$RUN/answer.headers" >"$RUN/answer.lines"
  [ "$(tail -n 1 "$RUN/answer.lines")" = '' ] || return 1
  length=$(answer_header content-length)
  [ -z "$length" ] || [ "$length" = "$(wc -c <"$RUN/answer.body" | tr -d ' ')" ] || return 1
  answered=$(sed -n '1s/^HTTP\/1\.[01] \([0-9][0-9][0-9]\).*/\1/p' "$RUN/answer.lines")
  [ -n "$answered" ] || return 1
  status=$answered
}

answer_header() {
  sed -n "s/^$1: *//Ip" "$RUN/answer.lines" | head -n 1
}

# sign_request METHOD TARGET BODY-FILE: sets `signed_headers`, one a line. Call it with the lock held.
sign_request() {
  counter=$(($(cat "$RUN/counter" 2>/dev/null || echo 0) + 1))
  printf '%s\n' "$counter" >"$RUN/counter"
  hash=$(sha256sum <"$3")
  printf '%s\n%s\n%s\n%s\n' "$1" "$2" "$counter" "${hash%% *}" >"$RUN/canonical"
  signature=$(sign "$RUN/canonical") || return 1
  session=$(cat "$RUN/session")
}

# signed METHOD TARGET BODY-FILE [HEADER...]: send, as the agent of a claimed session.
signed() {
  lock
  result_=1
  if sign_request "$1" "$2" "$3"; then
    send "$@" "formwork-session: $session" "formwork-counter: $counter" "formwork-signature: $signature"
    result_=$?
  fi
  unlock
  return "$result_"
}
