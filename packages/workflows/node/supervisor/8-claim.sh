# The front: claiming the attempt, or finding what became of it.
# Under the claim lock: compares and stores the fence, and finds what there is of this attempt. Sets `decision`.
decide() {
  d_new=
  d_fence=0
  if [ -d "$lib/n/$node_role/a" ]; then
    # What has no end of its line was the very first one, on a disk that was full.
    [ -e "$lib/n/$node_role/fence" ] && { read -r d_fence d_key <"$lib/n/$node_role/fence" || d_fence=0; }
  elif [ "$attach_only" = 1 ] || [ -n "$from_boot" ] || [ -d "$place" ]; then
    mkdir -p "$lib/n/$node_role/a" || exit 73
  else
    make_room
    d_new=1
  fi
  if [ "$fence" -lt "$d_fence" ]; then
    decision=fenced
    return
  fi
  if [ -e "$lib/n/$node_role/fence" ]; then
    put_surely "$lib/n/$node_role/fence" "$fence $key" || exit 73
  else
    note_surely "$lib/n/$node_role/fence" "$fence $key" || exit 73
  fi
  if [ -n "$from_boot" ] && [ "$from_boot" = "$boot" ]; then
    decision=same-boot
  elif has_ended "$record"; then
    decision=ended
    # "Not yet" was delivered, and a later claim comes back for more: the attempt goes on where it stood.
    [ "$e_kind" = not-yet ] && [ "$fence" -gt "$e_fence" ] && decision=start
  elif has_keeper "$record"; then
    if [ "$h_boot" != "$boot" ]; then
      decision=restarted
    elif [ ! -d "$place" ]; then
      decision=no-directory
    else
      decision=attach
    fi
  elif [ -e "$record/claimer" ]; then
    read -r d_pid d_start d_boot <"$record/claimer"
    # Steps start after the keeper has written its name, so a claim without one has run nothing.
    decision=start
    [ "$d_boot" = "$boot" ] && alive "$d_pid" "$d_start" && decision=starting
  elif [ "$attach_only" = 1 ]; then
    decision=unknown
  else
    decision=start
  fi
  if [ $decision = start ]; then
    if [ -z "$d_new" ]; then
      # An earlier start that came to nothing has left the outputs there.
      if [ -e "$place.before" ]; then
        rm -rf "$place"
      elif [ -d "$place" ]; then
        mv "$place" "$place.before"
      fi
    fi
    make_room
    if [ -e "$record/status" ] || [ -e "$record/keeper" ] || [ -e "$record/why" ]; then
      rm -f "$record/status" "$record/keeper" "$record/why" || exit 73
    fi
    d_number=0
    for d_record in "$lib/n/$node_role"/a/*; do
      [ "$d_record" != "$record" ] && [ -e "$d_record/number" ] && read -r d_other <"$d_record/number" || continue
      [ "$d_other" -gt $d_number ] && d_number=$d_other
    done
    # Only who holds the claim lock reads these before there is a keeper, and half a claim has started nothing.
    echo "$lane" >"$record/lane" && echo $((d_number + 1)) >"$record/number" &&
      echo "$me $my_start $boot" >"$record/claimer" || exit 73
  fi
}

make_room() {
  if make_reserve; then
    if [ -d "$record" ] && [ -d "$place" ]; then return 0; fi
    mkdir -p "$record" "$place" && return 0
  fi
  echo "formwork: nothing was started: there is no room below $lib for the attempt's record" >&2
  exit 73
}

take_inputs() {
  t_need=inputs
  if [ "$inline" = 1 ] || [ ! -d "$lib/bundles/$bundle" ]; then t_need=bundle; fi
  frame need $t_need
  if ! tar -xof - -C "$place" || [ ! -e "$place/complete" ]; then
    rm -rf "$place" "$record/claimer"
    echo 'formwork: the inputs did not arrive whole' >&2
    exit 74
  fi
  [ "$inline" = 1 ] && return
  if [ $t_need = bundle ]; then
    t_copy=$lib/bundles/.$bundle.$me
    [ ! -e "$t_copy" ] || rm -rf "$t_copy"
    # Half a folder would be taken for the whole one by every later attempt.
    cp -R "$place/role" "$t_copy" && mv "$t_copy" "$lib/bundles/$bundle" 2>/dev/null
    for t_old in "$t_copy" "$lib/bundles/$bundle/${t_copy##*/}"; do
      # Lost the race: it went inside the one that was first.
      [ ! -e "$t_old" ] || rm -rf "$t_old"
    done
    true >"$lib/used/$bundle"
    prune_bundles
  else
    cp -R "$lib/bundles/$bundle" "$place/role" || exit 73
    true >"$lib/used/$bundle"
  fi
}

# The 64 that were used last stay.
prune_bundles() {
  set -- "$lib"/bundles/*
  [ $# -gt 64 ] || return 0
  for t_old in "$@"; do
    [ -e "$lib/used/${t_old##*/}" ] || rm -rf "$t_old"
  done
  # shellcheck disable=SC2012
  ls -1t "$lib/used" | tail -n +65 | while read -r t_old; do rm -rf "$lib/bundles/$t_old" "$lib/used/$t_old"; done
}

# What earlier steps of this attempt wrote belongs to it, although "not yet" or a reboot came between.
restore_outputs() {
  for r_from in "$lib/n/$node_role/a/$attempt/kept" "$lib/n/$node_role/a/$attempt".after-*/kept "$place.before"; do
    [ -f "$r_from/out.json" ] && mv "$r_from/out.json" "$place/fw/out.json"
    [ -d "$r_from/out" ] && rm -rf "$place/fw/out" && mv "$r_from/out" "$place/fw/out"
    [ ! -e "$r_from" ] || rm -rf "$r_from"
  done
}

front() {
  f_patience=0
  while :; do
    until try_lock 8 claim; do nap_ms 20; done
    decide
    unlock 8 claim
    [ $decision = starting ] || break
    f_patience=$((f_patience + 1))
    [ $f_patience -gt 100 ] && end_because not-yet "another worker is starting this attempt" 2000
    nap_ms 200
  done
  case $decision in
    fenced) end_because fenced "a claim with fence $d_fence has been here, this one has $fence" ;;
    same-boot)
      nudge_reboot
      end_because not-yet "the node has not restarted yet" 2000
      ;;
    unknown)
      slay all
      end_because lost "the node knows nothing of this attempt"
      ;;
    restarted) lose "the node restarted while it ran, and no step had asked for that" ;;
    no-directory)
      kill -KILL "$h_pid" 2>/dev/null
      lose "its directory is gone from the node"
      ;;
    ended)
      frame attached
      report
      ;;
    attach)
      frame attached
      listen
      follow
      ;;
    start)
      take_inputs
      restore_outputs
      listen
      (
        be_keeper
        keeper
      ) </dev/null >/dev/null 2>"$record/supervisor.err" &
      launched=$!
      look $launched && launched_start=$p_start
      frame started
      follow
      ;;
  esac
}

# A declared reboot that has not come about a minute later is asked for once more.
nudge_reboot() {
  for n_file in $(find "$lib/n/$node_role/a" -name rebooting -mmin +1 2>/dev/null); do
    read -r n_boot <"$n_file"
    if [ "$n_boot" = "$boot" ]; then
      touch "$n_file"
      reboot_now
      return
    fi
  done
}
