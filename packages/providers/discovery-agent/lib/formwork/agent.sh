#!/bin/sh
# The agent: an address, a key, a claim, a report; then the tasks that the site has signed, for as long as it runs.
# What it keeps is in $RUN, so that it can be started again at any time.
umask 077
LC_ALL=C
export LC_ALL
here=${FORMWORK_LIB:-/lib/formwork}
for part in settings log json keys http deliver network lldp facts session task; do
  # shellcheck source=/dev/null
  . "$here/$part.sh"
done
export LIB RUN ROOT DEV
mkdir -p "$RUN/done"
rmdir "$RUN/http.lock" 2>/dev/null
end_left_task
heard

read_settings || restart_later 'there is no server to ask'
log "discovery agent, mode $mode, server $server"
[ -n "$FORMWORK_NO_NETWORK" ] || { network_up; }
make_key
claim || exit 1
if [ ! -e "$RUN/lldp" ] && [ -z "$FORMWORK_NO_NETWORK" ]; then listen_lldp; fi
report
while :; do
  poll
  send_log
  report_lldp
  check_watchdog
  sleep "$wait_seconds"
done
