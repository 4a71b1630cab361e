# Facts of this machine. The scripts in facts/ print lines of a path, a type (s text, n number, b boolean) and a value,
# apart by tabs; jq makes a document of them, whatever octets hardware has in its texts.
# shellcheck shell=dash

fact() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }

# fact_of PATH TYPE FILE: the first line of a file, nothing where it cannot be read.
fact_of() {
  line_=
  [ ! -r "$3" ] || IFS= read -r line_ <"$3" 2>/dev/null || :
  fact "$1" "$2" "$line_"
}

# The last PCI address in a device's real path.
pci_of() { readlink -f "$1" | grep -o '[0-9a-f]\{4\}:[0-9a-f]\{2\}:[0-9a-f]\{2\}\.[0-7]' | tail -n 1; }

for part_ in dmi cpu memory disks nics pci bmc boot; do
  # shellcheck source=/dev/null
  . "$LIB/facts/$part_.sh"
done

# collect_facts PART...: the document, of these parts.
collect_facts() {
  for part_; do "facts_$part_"; done 2>/dev/null | jq -L "$LIB" -n -R -c -f "$LIB/facts.jq"
}

all_facts() { collect_facts boot dmi cpu memory disks nics pci bmc; }
