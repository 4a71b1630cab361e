# What the steps of host-packages share. Sourced; POSIX sh.
set -u
in=$FW_DIR/in
proxy_conf=/etc/apt/apt.conf.d/60formwork
sources=/etc/apt/sources.list.d/formwork.list

say() { printf '%s\n' "$*"; }
transient() { say "$*"; say "$*" >"$FW_DIR/why"; exit 75; }

# list NAME: the items of a list parameter, one a line.
list() {
  n=$(cat "$in/params/$1/count" 2>/dev/null) i=0
  while [ "$i" -lt "${n:-0}" ]; do
    printf '%s\n' "$(cat "$in/params/$1/$i")"
    i=$((i + 1))
  done
}
missing() {
  for package in $(list base.packages); do
    [ "$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)" = 'install ok installed' ] || say "$package"
  done
}
wanted_proxy() {
  proxy=$(cat "$in/params/base.aptProxy" 2>/dev/null)
  [ -z "$proxy" ] || printf 'Acquire::http::Proxy "%s";\nAcquire::https::Proxy "%s";\n' "$proxy" "$proxy"
}
# holds FILE TEXT: no file where there is no text.
holds() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
put() { if [ -n "$2" ]; then say "$2" >"$1.new" && chmod 0644 "$1.new" && mv -f "$1.new" "$1"; else rm -f "$1"; fi; }
configured() { holds $proxy_conf "$(wanted_proxy)" && holds $sources "$(list base.aptSources)"; }

apt() { apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o APT::Update::Error-Mode=any -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold --no-install-recommends "$@"; }
