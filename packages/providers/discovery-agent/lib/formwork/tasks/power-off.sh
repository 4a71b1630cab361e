#!/bin/sh
# Switches this machine off, once the server has the result.
# shellcheck source=/dev/null
. "${FORMWORK_LIB:-/lib/formwork}/task-step.sh"
after 'leave_machine poweroff -f'
