# Ed25519 by signify(1). Its files have a comment, then base64 of "Ed", eight octets of a key number, and what counts.
# shellcheck shell=dash

make_key() {
  [ -s "$RUN/key.sec" ] || signify-openbsd -G -n -c agent -p "$RUN/key.pub" -s "$RUN/key.sec"
}

# The raw key in base64.
public_key() {
  sed -n 2p "$RUN/key.pub" | base64 -d | tail -c 32 | base64 -w 0
}

# sign FILE: the raw signature in base64.
sign() {
  signify-openbsd -S -s "$RUN/key.sec" -m "$1" -x "$RUN/signature" || return 1
  sed -n 2p "$RUN/signature" | base64 -d | tail -c 64 | base64 -w 0
}

# verify FILE SIGNATURE: whether the site's key made this raw signature (base64) of the file's octets.
verify() {
  [ "$(printf %s "$2" | base64 -d 2>/dev/null | wc -c)" = 64 ] || return 1
  {
    echo 'untrusted comment: of the site'
    { printf 'Ed\000\000\000\000\000\000\000\000'; printf %s "$2" | base64 -d; } | base64 -w 0
    echo
  } >"$RUN/site-signature"
  signify-openbsd -V -q -p "$SITE_KEY" -x "$RUN/site-signature" -m "$1" 2>/dev/null
}
