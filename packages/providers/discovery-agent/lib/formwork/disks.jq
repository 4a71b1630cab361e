# The disks that all of $hints are true of, as words for the shell: how many, their names, the size of the first, and a text
# that names them, and one that names all. Texts are compared without regard to case and to space around them, a WWN with or
# without its 0x.
include "machine";

def plain: if . == null then null else ascii_downcase | gsub("^\\s+|\\s+$"; "") end;
def number_of_name: plain | if . == null then null else sub("^(0x|naa\\.|eui\\.)"; "") end;
def agrees($wanted; $found): $wanted == null or ($found != null and ($wanted | plain) == ($found | plain));
def matching($hints):
  map(. as $disk | select(
    agrees($hints.serial; $disk.serial)
    and agrees($hints.byPath; $disk.byPath)
    and agrees($hints.name; $disk.name)
    and ($hints.wwn == null or ($disk.wwn != null and ($hints.wwn | number_of_name) == ($disk.wwn | number_of_name)))
    and ($hints.model == null or (($disk.model // "") | ascii_downcase | contains($hints.model | ascii_downcase)))
    and ($hints.minBytes == null or ($disk.sizeBytes // 0) >= $hints.minBytes)
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
