set -eu
file=/srv/bench/licence.txt
as_wanted() { cmp -s licence.txt $file && [ "$(stat -c '%a %U %G' $file)" = '644 bench bench' ]; }
