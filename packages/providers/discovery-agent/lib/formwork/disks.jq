# The disks that all hints are true of. Input: the disks of the facts; $hints: the hints. Output: the matching disks.
# Texts are compared without regard to case and to space around them; a WWN with or without its 0x.
def plain: if . == null then null else ascii_downcase | gsub("^\\s+|\\s+$"; "") end;
def number_of_name: plain | if . == null then null else sub("^(0x|naa\\.|eui\\.)"; "") end;
def agrees($wanted; $found): $wanted == null or ($found != null and ($wanted | plain) == ($found | plain));

($hints // {}) as $hints
| [.[] | . as $disk | select(
    agrees($hints.serial; $disk.serial)
    and agrees($hints.byPath; $disk.byPath)
    and agrees($hints.name; $disk.name)
    and ($hints.wwn == null or ($disk.wwn != null and ($hints.wwn | number_of_name) == ($disk.wwn | number_of_name)))
    and ($hints.model == null or (($disk.model // "") | ascii_downcase | contains($hints.model | ascii_downcase)))
    and ($hints.minBytes == null or ($disk.sizeBytes // 0) >= $hints.minBytes)
    and ($hints.maxBytes == null or ($disk.sizeBytes != null and $disk.sizeBytes <= $hints.maxBytes))
    and ($hints.rotational == null or $disk.rotational == $hints.rotational))]
