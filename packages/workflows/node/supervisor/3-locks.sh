# Locks between processes of this node.

# try_lock FD NAME: one try. flock where there is one: it dies with its holder. Else a hard link, made whole with its
# holder's identity and hence never half-written; a dead holder's is taken away inside a second, short-lived lock.
try_lock() {
  l_file=$run/locks/$2
  if command -v flock >/dev/null 2>&1; then
    eval "exec $1>>\"\$l_file\""
    flock -n "$1"
    return
  fi
  echo "$me $my_start $boot" >"$l_file.$me"
  ln "$l_file.$me" "$l_file.held" 2>/dev/null
  l_failed=$?
  rm -f "$l_file.$me"
  [ $l_failed = 0 ] && return 0
  lock_is_stale "$l_file.held" || return 1
  if mkdir "$l_file.break" 2>/dev/null; then
    lock_is_stale "$l_file.held" && rm -f "$l_file.held"
    rmdir "$l_file.break"
  else
    find "$l_file.break" -prune -mmin +1 -exec rmdir {} \; 2>/dev/null
  fi
  return 1
}
lock_is_stale() {
  l_pid= l_start= l_boot=
  { read -r l_pid l_start l_boot <"$1"; } 2>/dev/null || return 1
  [ "$l_boot" = "$boot" ] && alive "$l_pid" "$l_start" && return 1
  return 0
}
unlock() {
  eval "exec $1>&-"
  l_pid= l_start=
  { read -r l_pid l_start l_boot <"$run/locks/$2.held"; } 2>/dev/null || return 0
  [ "$l_pid $l_start" = "$me $my_start" ] && rm -f "$run/locks/$2.held"
  return 0
}

# put FILE TEXT: whole or not at all.
put() {
  printf '%s\n' "$2" >"$1.new.$me" && mv "$1.new.$me" "$1" && return 0
  rm -f "$1.new.$me"
  return 1
}

# Room kept back to tell how an attempt ended when its steps have filled the disk. Without it nothing is started.
make_reserve() {
  [ -e "$lib/reserve" ] && return 0
  head -c $reserve_bytes /dev/zero >"$lib/reserve.$me" && mv "$lib/reserve.$me" "$lib/reserve" && return 0
  rm -f "$lib/reserve.$me"
  return 1
}

# put_surely FILE TEXT: on a full disk it takes the room kept back.
put_surely() {
  put "$1" "$2" 2>/dev/null && return 0
  rm -f "$lib/reserve"
  put "$1" "$2"
}

# note_surely FILE TEXT: the same for a line that was not there before, and costs no program. Who reads it meanwhile finds
# no end of the line, for which `read` fails, and takes it for not there yet.
note_surely() {
  { echo "$2" >"$1"; } 2>/dev/null && return 0
  rm -f "$lib/reserve"
  echo "$2" >"$1"
}

# has_ended RECORD: sets e_kind e_step e_code e_applied e_retry e_boot e_fence.
has_ended() {
  { read -r e_kind e_step e_code e_applied e_retry e_boot e_fence <"$1/status"; } 2>/dev/null
}

# has_keeper RECORD: sets h_pid h_start h_boot.
has_keeper() {
  { read -r h_pid h_start h_boot <"$1/keeper"; } 2>/dev/null
}
