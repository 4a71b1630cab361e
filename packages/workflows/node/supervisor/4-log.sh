# The capped log.
# Copies stdin to the log in pieces of at least 256 KiB and keeps the first and the last four: at least the head's
# 256 KiB and the tail's 768, never more than 2.5 MiB. Small writes pass through at once; a flood is read by the block.
# From where the disk is full the rest is dropped: a step must not die of its log. dd says on stderr, maybe after a warning,
# how many reads it made, "<full>+<partial> records in": fewer than it was allowed means that nobody writes any more.
newline='
'
keep_log() {
  k_start=$log_base
  k_size=0
  for k_file in "$record"/log.*; do
    [ -e "$k_file" ] && k_start=${k_file##*.} && k_size=$(wc -c <"$k_file")
  done
  while :; do
    k_piece=$record/log.$k_start
    true >>"$k_piece" || break
    while [ "$k_size" -lt $piece_bytes ]; do
      k_said=$(dd bs=4096 count=64 2>&1 >>"$k_piece")
      k_code=$?
      [ $k_code -gt 128 ] && return 0
      [ $k_code -gt 0 ] && break 2
      k_reads=${k_said%% records in*}
      k_reads=${k_reads##*"$newline"}
      case $k_reads in
        *[!0-9+]* | *+*+* | '' | +* | *+) ;;
        *+*) [ $((${k_reads%+*} + ${k_reads#*+})) -ge 64 ] || return 0 ;;
      esac
      k_now=$(wc -c <"$k_piece")
      [ "$k_now" -gt "$k_size" ] || return 0
      k_size=$k_now
    done
    k_start=$((k_start + k_size))
    k_size=0
    set -- "$record"/log.*
    if [ $# -gt 4 ]; then rm -f "$2"; fi
  done
  true >"$place/log-dropped"
  cat >/dev/null
}
