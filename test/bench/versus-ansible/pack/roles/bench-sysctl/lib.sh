set -eu
wanted=$FW_DIR/files/sysctl
file=/etc/sysctl.d/70-bench.conf
as_wanted() { cmp -s "$wanted" $file && [ "$(stat -c '%a %U %G' $file)" = '644 root root' ]; }
