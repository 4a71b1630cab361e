set -eu
wanted=$FW_DIR/files/cron
file=/etc/cron.d/bench
as_wanted() { cmp -s "$wanted" $file && [ "$(stat -c '%a %U %G' $file)" = '644 root root' ]; }
