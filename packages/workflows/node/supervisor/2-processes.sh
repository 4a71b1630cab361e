# Which processes are the attempt's, and killing them.

# look PID: sets p_pid p_state p_parent p_session p_start from /proc/PID/stat (fields 3, 4, 6, 22); fails when it is gone.
# The name in field 2 may hold anything, so the line is cut after its last ")".
look() {
  p_line=
  { read -r p_line <"/proc/$1/stat"; } 2>/dev/null
  p_pid=${p_line%% *}
  case $p_line in
    *')'*) p_line=${p_line##*) } ;;
    *) return 1 ;;
  esac
  # shellcheck disable=SC2086
  set -- $p_line
  [ $# -ge 20 ] || return 1
  p_state=$1 p_parent=$2 p_session=$4
  shift 19
  p_start=$1
}

# alive PID START: that very process, not one that took its number over, and not a zombie.
alive() {
  look "$1" && [ "$p_start" = "$2" ] && [ "$p_state" != Z ]
}

# A container shares its host's boot id, so the start of PID 1 is part of ours: it changes when the container restarts.
if [ -z "$boot" ]; then
  read -r boot </proc/sys/kernel/random/boot_id
  look 1 && boot=$boot-$p_start
fi
# `$$` stays that of the first shell in whatever it forks.
look self && me=$p_pid my_start=$p_start

# nap_ms MILLISECONDS: a signal ends it early, and leaves its `sleep`, whose pid is in $nap.
nap_ms() {
  n_frac=$((1000 + $1 % 1000))
  sleep "$(($1 / 1000)).${n_frac#1}" </dev/null >/dev/null 2>&1 &
  nap=$!
  wait $nap
  n_code=$?
  if [ $n_code = 0 ] || [ $n_code -gt 128 ]; then return 0; fi
  # One that knows no fractions has refused at once.
  sleep 1 </dev/null >/dev/null 2>&1 &
  nap=$!
  wait $nap
}

# marked: pids of the attempt's processes, in $found. Members of its steps' sessions; with `all` also whatever carries
# its FW_DIR in the environment (it may have made a session of its own) and every descendant of those.
marked() {
  m_sessions=" "
  m_numbers=
  if [ -e "$place/sessions" ]; then
    while read -r m_pid m_start; do
      # A leader with another start is another session under a number used again.
      if look "$m_pid" && [ "$p_start" != "$m_start" ]; then continue; fi
      m_sessions="$m_sessions$m_pid "
      m_numbers="$m_numbers|$m_pid"
    done <"$place/sessions"
  fi
  found=" "
  if [ "$1" = session ]; then
    # One program reads what the shell would read byte by byte; a name may look like the fields, so each is looked at.
    [ -n "$m_numbers" ] || return 1
    for m_file in $(grep -slE "\\) [^Z] [0-9]+ [0-9]+ (${m_numbers#|}) " /proc/[0-9]*/stat 2>/dev/null); do
      m_pid=${m_file#/proc/}
      m_pid=${m_pid%/stat}
      look "$m_pid" && [ "$p_state" != Z ] || continue
      case $m_sessions in *" $p_session "*) found="$found$m_pid " ;; esac
    done
    [ "$found" != " " ]
    return
  fi
  for m_file in $(grep -lszF "FW_DIR=$place/fw" /proc/[0-9]*/environ 2>/dev/null); do
    m_pid=${m_file#/proc/}
    m_pid=${m_pid%/environ}
    look "$m_pid" && [ "$p_state" != Z ] && found="$found$m_pid "
  done
  while :; do
    m_before=$found
    for m_dir in /proc/[0-9]*; do
      m_pid=${m_dir#/proc/}
      case $found in *" $m_pid "*) continue ;; esac
      look "$m_pid" || continue
      [ "$p_state" = Z ] && continue
      case $m_sessions in *" $p_session "*)
        found="$found$m_pid "
        continue
        ;;
      esac
      case $found in *" $p_parent "*) found="$found$m_pid " ;; esac
    done
    [ "$found" = "$m_before" ] && break
  done
  [ "$found" != " " ]
}

# slay session|all: TERM, one and a half seconds of grace, KILL; succeeds only once nothing is found. A look can miss the
# child of a process that ends while we look, so it takes two that find nothing.
slay() {
  marked "$1" || return 0
  # shellcheck disable=SC2086
  kill -TERM $found 2>/dev/null
  s_turn=0
  s_ms=100
  while [ $s_turn -lt 30 ]; do
    nap_ms $s_ms
    marked "$1" || marked "$1" || return 0
    if [ $s_turn -ge 3 ]; then
      # shellcheck disable=SC2086
      kill -KILL $found 2>/dev/null
      s_ms=100
    else
      s_ms=$((s_ms * 2))
    fi
    s_turn=$((s_turn + 1))
  done
  return 1
}
