# Lines of path, type and value (facts.sh) as a document. Control characters (some vendors have them) become spaces, what is
# empty becomes null, text is cut at 256 characters.
def cleaned:
  gsub("[\\x00-\\x1f\\x7f]"; " ") | sub("^ +"; "") | sub(" +$"; "")
  | if . == "" then null else .[0:256] end;
def typed($type):
  cleaned
  | if . == null then null
    elif $type == "n" then (try tonumber catch null)
    elif $type == "b" then (if . == "1" then true elif . == "0" then false else null end)
    elif $type == "l" then split(" ")
    else . end;
def filled($names): . as $given | reduce $names[] as $name ({}; .[$name] = $given[$name]);

def facts:
  reduce (inputs | split("\t")) as $line ({};
    ($line[0] | split(".") | map(tonumber? // .)) as $path
    | setpath($path; $line[2:] | join(" ") | typed($line[1])));
def disks_of:
  [(.disks // [])[] | filled(["name", "serial", "wwn", "byPath", "model", "sizeBytes", "rotational", "transport"])];
