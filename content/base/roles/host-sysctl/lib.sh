# What the steps of host-sysctl share. Sourced; POSIX sh.
set -u
settings=$FW_DIR/in/params/base.sysctl
conf=/etc/sysctl.d/60-formwork.conf

# The file as wanted. The glob sorts, so equal maps make equal files.
wanted() {
  printf '# Written by Formwork (role host-sysctl).\n'
  for file in "$settings"/*; do
    if [ -f "$file" ]; then printf '%s = %s\n' "${file##*/}" "$(cat "$file")"; fi
  done
}
proc() { printf '/proc/sys/%s' "$(printf '%s' "$1" | tr . /)"; }
# Some values are lists that the kernel prints with tabs.
squeeze() { tr -s '\t ' ' ' | sed 's/ $//'; }
current() { squeeze <"$(proc "$1")" 2>/dev/null; }
# Settings that the kernel keeps for each container. Any other would change the host, and all its nodes.
own() {
  case $1 in
    net.netfilter.nf_conntrack_max) return 1 ;;
    net.* | kernel.shm* | kernel.msg* | kernel.sem | fs.mqueue.*) return 0 ;;
    *) ! systemd-detect-virt -q --container ;;
  esac
}
# Prints what differs; silent when all hold.
differing() {
  for file in "$settings"/*; do
    [ -f "$file" ] || continue
    key=${file##*/}
    now=$(current "$key")
    [ "$now" = "$(squeeze <"$file")" ] || printf '%s is "%s", wanted "%s"\n' "$key" "$now" "$(cat "$file")"
  done
}
