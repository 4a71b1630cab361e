# What the steps of host-time share. Sourced; POSIX sh.
set -u
in=$FW_DIR/in
timesyncd=/etc/systemd/timesyncd.conf.d/60-formwork.conf
chrony=/etc/chrony/sources.d/formwork.sources

say() { printf '%s\n' "$*"; }
transient() { say "$*"; say "$*" >"$FW_DIR/why"; exit 75; }

# A container has its host's clock and no business with it.
shared() { systemd-detect-virt -q --container; }
# Not before the newest thing the image was built with, and not in the next century.
sane() { now=$(date +%s) && [ "$now" -ge "$(stat -c %Y /var/lib/dpkg/status)" ] && [ "$now" -lt 4102444800 ]; }
synchronised() { [ "$(timedatectl show -p NTPSynchronized --value 2>/dev/null)" = yes ]; }
required() { [ "$(cat "$in/params/base.timeSync")" = required ]; }

# servers PREFIX: the site's time servers, each after the prefix.
servers() {
  n=$(cat "$in/params/base.ntpServers/count" 2>/dev/null) i=0
  while [ "$i" -lt "${n:-0}" ]; do
    printf '%s%s\n' "$1" "$(cat "$in/params/base.ntpServers/$i")"
    i=$((i + 1))
  done
}
has_chrony() { command -v chronyd >/dev/null; }
timesyncd_conf() {
  printf '[Time]\n'
  servers 'NTP='
}
chrony_sources() { servers 'server ' | sed 's/$/ iburst/'; }
configured() {
  [ -n "$(servers '')" ] || return 0
  if has_chrony; then [ "$(chrony_sources)" = "$(cat $chrony 2>/dev/null)" ]; else [ "$(timesyncd_conf)" = "$(cat $timesyncd 2>/dev/null)" ]; fi
}
