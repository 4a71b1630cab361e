#!/bin/sh
# Finds out anew what this machine has; the agent reports it.
# shellcheck source=/dev/null
. "${FORMWORK_LIB:-/lib/formwork}/task-step.sh"
links_up
after report
