#!/bin/sh
. ./lib.sh
if shared && ! sane; then
  say "the host's clock says $(date -u): a container cannot mend that"
  exit 1
fi
if shared; then exit 0; fi
if ! configured; then
  say "the time service does not ask the site's servers"
  exit 1
fi
if ! sane || { required && ! synchronised; }; then
  say "the clock says $(date -u), set by a time server: $(timedatectl show -p NTPSynchronized --value 2>/dev/null)" | tee "$FW_DIR/why"
  echo 2000 >"$FW_DIR/retry-after-ms"
  exit 76
fi
