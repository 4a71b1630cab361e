#!/bin/sh
# Formwork's supervisor: runs one attempt of a node-role's steps on a node, and lets workers come and go meanwhile.
# POSIX sh; runs under dash and busybox sh, as root. Read by the shell of one ssh exec an attempt, with these parameters:
#
#   LIB RUN run   key=value ...    start the attempt, or attach to it when it is known here
#   LIB RUN abort key=value ...    kill the attempt and prove its processes gone
#   LIB RUN forget key=value ...   erase the outputs of an ended attempt
#
# The process of the exec is the FRONT. It claims the attempt, takes the inputs from stdin, launches the KEEPER, a fork of
# itself, and then only follows it: losing the front loses nothing. The keeper holds the locks, runs every step in a
# session of its own, enforces the timeout, writes the log and ends the attempt. Arguments are names and numbers;
# inputs and secrets travel by stdin alone and are never a shell variable.
#
#   LIB (disk, 0700)                               RUN (tmpfs where /run is one, 0700)
#   bin/<digest>.sh        this file               locks/                 flock files, or links where there is no flock
#   bundles/<digest>/      role folders            a/<key>/fw             $FW_DIR: inputs, secrets; erased at the end
#   used/<digest>          when it was used last   a/<key>/role           working copy of the role folder; erased
#   reserve                room on a full disk     a/<key>/log.pipe       from the steps to the log; erased
#   n/<node-role>/fence    "<fence> <key>"         a/<key>/out            outputs, until the node-role's next attempt
#   n/<node-role>/a/<key>/ record of an attempt:   a/<key>/sessions       "<pid> <start>" of each step's session
#     claimer, keeper      "<pid> <start> <boot>"  a/<key>/clients/<pid>  fronts to wake at the end
#     log.<base+offset>    capped log, in pieces
#     status               "<kind> <step> <exit code> <applied> <retry ms> <boot> <fence>"
#     number, lane         its turn within the node-role, for pruning; the lane it holds
#     resume, kept         where "not yet" goes on; outputs that must outlive a declared reboot
#     why                  the script's own line for 75 and 76
#
# Answers on stdout are frames, "FW1 <word> ...\n"; `log`, `file`, `why` and `tail` end in a size and carry as many bytes:
#   need bundle|inputs     send a tar archive of role/ (for bundle), fw/, out/, clients/ and the pipe log.pipe, the last
#                          entry named `complete`
#   started | attached     the offset of the log follows in `log <offset> <size>`
#   end <kind> <step> <exit code> <applied> <retry ms> <boot>      the last frame of `run`
#   gone | alive           the last frame of `abort` and `forget`
# A program that is started costs more than all the rest of an attempt's shell: what a builtin can tell or do is not asked
# of a program, and what is not there is not removed.
set -u
umask 077
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

lib=$1
run=$2
mode=$3
shift 3

attempt= key= node_role= fence=0 lane=main phase=apply action=run founding=0 role= node= timeout=600 bundle=
from_boot= offset=0 attach_only=0 step_check= step_apply= step_verify= step_refresh= step_remove= step_evict=
reboot_command= boot= inline=0
for pair in "$@"; do
  value=${pair#*=}
  case ${pair%%=*} in
    attempt) attempt=$value ;;
    key) key=$value ;;
    node_role) node_role=$value ;;
    fence) fence=$value ;;
    lane) lane=$value ;;
    phase) phase=$value ;;
    action) action=$value ;;
    founding) founding=$value ;;
    role) role=$value ;;
    node) node=$value ;;
    timeout) timeout=$value ;;
    bundle) bundle=$value ;;
    inline) inline=$value ;;
    from_boot) from_boot=$value ;;
    offset) offset=$value ;;
    attach_only) attach_only=$value ;;
    check) step_check=$value ;;
    apply) step_apply=$value ;;
    verify) step_verify=$value ;;
    refresh) step_refresh=$value ;;
    remove) step_remove=$value ;;
    evict) step_evict=$value ;;
    reboot_command) reboot_command=$value ;;
    boot) boot=$value ;;
    *)
      echo "formwork: unknown argument ${pair%%=*}" >&2
      exit 64
      ;;
  esac
done

record=$lib/n/$node_role/a/$key
place=$run/a/$key
log_base=1000000000000   # names of log pieces sort, and no number of theirs has a leading zero (that would be octal)
piece_bytes=262144
output_bytes=1048576
reserve_bytes=65536
