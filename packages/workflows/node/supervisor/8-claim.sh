# The front: claiming the attempt, or finding what became of it.
# Under the claim lock: compares and stores the fence, and finds what there is of this attempt. Sets `decision`.
decide() {
  mkdir -p "$lib/n/$node_role/a" || exit 73
  d_fence=0
  [ -e "$lib/n/$node_role/fence" ] && read -r d_fence d_key <"$lib/n/$node_role/fence"
  if [ "$fence" -lt "$d_fence" ]; then
    decision=fenced
    return
  fi
  put_surely "$lib/n/$node_role/fence" "$fence $key" || exit 73
  if [ -n "$from_boot" ] && [ "$from_boot" = "$boot" ]; then
    decision=same-boot
  elif [ -e "$record/status" ]; then
    read -r d_kind d_step d_code d_applied d_retry d_boot d_old <"$record/status"
    decision=ended
    # "Not yet" was delivered, and a later claim comes back for more: the attempt goes on where it stood.
    [ "$d_kind" = not-yet ] && [ "$fence" -gt "$d_old" ] && decision=start
  elif [ -e "$record/keeper" ]; then
    read -r d_pid d_start d_boot <"$record/keeper"
    if [ "$d_boot" != "$boot" ]; then
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
    if ! make_reserve || ! mkdir -p "$record"; then
      echo "formwork: nothing was started: there is no room below $lib for the attempt's record" >&2
      exit 73
    fi
    rm -rf "$place.before"
    [ -d "$place" ] && mv "$place" "$place.before"
    mkdir "$place" || exit 73
    rm -f "$record/status" "$record/keeper" "$record/why"
    put "$record/lane" "$lane"
    d_number=0
    [ -e "$lib/n/$node_role/number" ] && read -r d_number <"$lib/n/$node_role/number"
    put "$lib/n/$node_role/number" $((d_number + 1))
    put "$record/number" $((d_number + 1))
    put "$record/claimer" "$$ $my_start $boot" || exit 73
    sync "$record/claimer" 2>/dev/null
  fi
}

take_inputs() {
  t_need=inputs
  if [ ! -d "$lib/bundles/$bundle" ]; then t_need=bundle; fi
  frame need $t_need
  if ! tar -xof - -C "$place" || [ ! -e "$place/complete" ]; then
    rm -rf "$place" "$record/claimer"
    echo 'formwork: the inputs did not arrive whole' >&2
    exit 74
  fi
  if [ $t_need = bundle ]; then
    mkdir -p "$place/role"
    rm -rf "$lib/bundles/.$bundle.$$"
    # Half a folder would be taken for the whole one by every later attempt.
    cp -R "$place/role" "$lib/bundles/.$bundle.$$" && mv "$lib/bundles/.$bundle.$$" "$lib/bundles/$bundle" 2>/dev/null
    # Lost the race: it went inside the one that was first.
    rm -rf "$lib/bundles/$bundle/.$bundle.$$" "$lib/bundles/.$bundle.$$"
    # shellcheck disable=SC2012
    ls -1t "$lib/bundles" | tail -n +65 | while read -r t_old; do rm -rf "$lib/bundles/$t_old"; done
  else
    cp -R "$lib/bundles/$bundle" "$place/role" || exit 73
    touch "$lib/bundles/$bundle"
  fi
}

# What earlier steps of this attempt wrote belongs to it, although "not yet" or a reboot came between.
restore_outputs() {
  for r_from in "$lib/n/$node_role/a/$attempt/kept" "$lib/n/$node_role/a/$attempt".after-*/kept "$place.before"; do
    [ -f "$r_from/out.json" ] && mv "$r_from/out.json" "$place/fw/out.json"
    [ -d "$r_from/out" ] && rm -rf "$place/fw/out" && mv "$r_from/out" "$place/fw/out"
    rm -rf "$r_from"
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
      kill -KILL "$d_pid" 2>/dev/null
      lose "its directory is gone from the node"
      ;;
    ended)
      frame attached
      report
      ;;
    attach)
      frame attached
      follow
      ;;
    start)
      take_inputs
      restore_outputs
      setsid /bin/sh "$self" "$lib" "$run" keeper "$@" </dev/null >/dev/null 2>"$record/supervisor.err" &
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
