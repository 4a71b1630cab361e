# The disks that all of $hints are true of, as words for the shell: how many, their names, the size of the first, and a text
# that names them, and one that names all. The same rules as the provider's own (install/disk-hints): space around a text
# never counts, nor does the case of a serial and a WWN, which may have its 0x or not, nor /dev/ in front of a name. What a
# disk does not say agrees with no hint.
include "machine";

def trimmed: gsub("^\\s+|\\s+$"; "");
def agrees($wanted; $found; form): $wanted == null or ($found != null and ($wanted | trimmed | form) == ($found | trimmed | form));
def matching($hints):
  map(. as $disk | select(
    agrees($hints.serial; $disk.serial; ascii_downcase)
    and agrees($hints.byPath; $disk.byPath; sub("^/dev/disk/by-path/"; ""))
    and agrees($hints.name; $disk.name; sub("^/dev/"; ""))
    and agrees($hints.wwn; $disk.wwn; ascii_downcase | sub("^(0x|naa\\.|eui\\.)"; ""))
    and ($hints.model == null or ($disk.model != null and ($disk.model | ascii_downcase | contains($hints.model | trimmed | ascii_downcase))))
    and ($hints.minBytes == null or ($disk.sizeBytes != null and $disk.sizeBytes >= $hints.minBytes))
    and ($hints.maxBytes == null or ($disk.sizeBytes != null and $disk.sizeBytes <= $hints.maxBytes))
    and ($hints.rotational == null or $disk.rotational == $hints.rotational)));
def named:
  if length == 0 then "none"
  else map("\(.name) (serial \(.serial // "unknown"), \(.sizeBytes) bytes)") | join(", ") end;

(facts | disks_of) as $all
| ($all | matching($hints // {})) as $chosen
| @sh "disk_count=\($chosen | length) disk_names=\($chosen | map(.name) | join(" ")) disk=\($chosen[0].name // "")",
  @sh "disk_bytes=\($chosen[0].sizeBytes // 0) disk_transport=\($chosen[0].transport // "")",
  @sh "disks_chosen=\($chosen | named) disks_all=\($all | named)"
