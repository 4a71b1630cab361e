# An image as one stream, fetched in pieces by ranges: what breaks off goes on where it was, whoever had to start anew.
# shellcheck shell=dash disable=SC2154 # work, host, port: task-step.sh, settings.sh
piece_bytes=67108864
piece_seconds=120
# Without one octet in this time it is given up.
fetch_seconds=900

# fetch TARGET: the whole file to stdout. Why not is in fetch.problem.
fetch() {
  local offset=0 total='' pause=1
  last_heard=$(uptime_seconds)
  while [ -z "$total" ] || [ "$offset" -lt "$total" ]; do
    fetch_piece "$1" "$offset"
    got=$(sed -n 's/^\([0-9]*\) bytes.*/\1/p' "$work/fetch.count" 2>/dev/null | tail -n 1)
    read -r answered of_ <"$work/fetch.head" 2>/dev/null || answered=0
    case $answered in
      200) [ "$offset" = 0 ] || { fetch_problem 'the server has no ranges'; return 1; } ;;
      206) ;;
      400 | 404 | 410 | 416 | 422) fetch_problem "the server answered $answered"; return 1 ;;
      *) got=0 ;;
    esac
    if [ "${got:-0}" -gt 0 ]; then
      offset=$((offset + got)) total=$of_ pause=1
      last_heard=$(uptime_seconds)
      continue
    fi
    if [ $(($(uptime_seconds) - last_heard)) -ge "$fetch_seconds" ]; then
      fetch_problem "nothing came for $fetch_seconds seconds, the last answer was $answered"
      return 1
    fi
    # Whoever reads this has given up, and says why itself.
    [ ! -e "$work/decompress.code" ] || return 1
    sleep "$pause"
    [ "$pause" -ge 16 ] || pause=$((pause * 2))
  done
}

fetch_problem() { printf '%s\n' "$1" >"$work/fetch.problem"; }

# fetch_piece TARGET OFFSET: its octets to stdout, their number to fetch.count, status and whole size to fetch.head.
fetch_piece() {
  rm -f "$work/fetch.count" "$work/fetch.head"
  lock
  case $1 in
    /agent/*)
      sign_request GET "$1" /dev/null || { unlock; return; }
      set -- "$1" "$2" "formwork-session: $session" "formwork-counter: $counter" "formwork-signature: $signature"
      ;;
  esac
  from=$1 range="range: bytes=$2-$(($2 + piece_bytes - 1))"
  shift 2
  write_request GET "$from" /dev/null "$range" "$@"
  cp "$RUN/request" "$work/fetch.request"
  timeout "$piece_seconds" nc -w 10 "$host" "$port" <"$work/fetch.request" 2>/dev/null | read_piece
}

# Header lines one by one, which leaves the rest where it is.
read_piece() {
  status='' length='' whole=''
  while IFS= read -r header; do
    header=${header%"$(printf '\r')"}
    case $header in
      HTTP/1.*) status=$(printf '%s\n' "$header" | cut -d ' ' -f 2) ;;
      [Cc]ontent-[Rr]ange:*) whole=${header##*/} ;;
      [Cc]ontent-[Ll]ength:*) length=${header##* } ;;
      '') break ;;
    esac
  done
  unlock
  printf '%s\n' "${status:-0} ${whole:-$length}" >"$work/fetch.head"
  case $status in
    200 | 206) dd bs=65536 2>"$work/fetch.count" ;;
    *) cat >/dev/null ;;
  esac
}
