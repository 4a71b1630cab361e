# What the steps of host-hosts share. Sourced; POSIX sh.
set -u
in=$FW_DIR/in
begin='# formwork: begin' end='# formwork: end'

# The block as wanted. The glob sorts, so equal maps make equal blocks.
block() {
  printf '%s\n' "$begin"
  printf '%s %s\n' "$(cat "$in/facts/address")" "$(cat "$in/node/name")"
  for file in "$in"/params/base.hosts/*; do
    [ -f "$file" ] || continue
    printf '%s %s\n' "$(cat "$file")" "${file##*/}"
  done
  printf '%s\n' "$end"
}
# A minimal image has no such file at all.
hosts() { cat /etc/hosts 2>/dev/null || printf '127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n'; }
inside() { hosts | sed -n "/^$begin\$/,/^$end\$/p"; }
outside() { hosts | sed "/^$begin\$/,/^$end\$/d"; }
