# Where things are, and what the boot script said on the kernel's command line. Tests set the FORMWORK_ variables.
# shellcheck shell=dash
LIB=${FORMWORK_LIB:-/lib/formwork}
RUN=${FORMWORK_RUN:-/run/formwork}
# In front of /sys and /proc.
ROOT=${FORMWORK_ROOT:-}
DEV=${FORMWORK_DEV:-/dev}
SITE_KEY=${FORMWORK_SITE_KEY:-/etc/formwork/site.pub}
# Seconds without a word from the server after which the machine starts again.
watchdog_seconds=3600
# Seconds of refusals after which it does: its session is no more, and a boot gives it another.
refused_seconds=120

# setting NAME: the value of formwork.NAME.
setting() {
  tr ' ' '\n' <"$ROOT/proc/cmdline" | sed -n "s/^formwork\\.$1=//p" | tail -n 1
}

read_settings() {
  server=$(setting server)
  token=$(setting token)
  boot_mac=$(setting mac | tr 'A-F-' 'a-f:')
  mode=$(setting mode)
  value=$(setting watchdog)
  case $value in '' | *[!0-9]*) ;; *) watchdog_seconds=$value ;; esac
  authority=${server#http://}
  authority=${authority%%/*}
  host=${authority%:*}
  port=${authority##*:}
  [ "$host" != "$authority" ] || port=80
  case $server in
    http://?*) ;;
    *) log "formwork.server is \"$server\"; an http:// URL is needed" ; return 1 ;;
  esac
}

# Seconds since the machine started: no clock that somebody may set.
uptime_seconds() {
  IFS='. ' read -r seconds_ _ </proc/uptime
  printf '%s\n' "$seconds_"
}
