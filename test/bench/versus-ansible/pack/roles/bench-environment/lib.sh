set -eu
file=/etc/environment
line=BENCH_HOME=$(cat "$FW_DIR/in/params/bench-environment.home")
as_wanted() { [ "$(grep '^BENCH_HOME=' $file 2>/dev/null)" = "$line" ]; }
