set -eu
as_wanted() { [ "$(readlink /etc/bench.conf)" = /srv/bench/bench.conf ]; }
