# JSON without jq, which takes its time to start.
# shellcheck shell=dash

# The text on stdin as a JSON text of printable ASCII; what is not becomes a question mark, an end of line a space.
json_text() {
  printf '"%s"' "$(tr '\n\t' '  ' | tr -c ' -~' '?' | sed 's/[\\"]/\\&/g; s/ *$//')"
}

# json_value NAME FILE: a text or number of a flat object, of harmless characters only.
json_value() {
  sed -n "s/.*\"$1\" *: *\"\\{0,1\\}\\([A-Za-z0-9_.:-]\\{1,128\\}\\)\"\\{0,1\\} *[,}].*/\\1/p" "$2" | head -n 1
}
