# Lines of path, type and value become the document that the server reads. Control characters (some vendors have them)
# become spaces, what is empty becomes null, text is cut at 256 characters.
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
def filled($names): . as $given | reduce $names[] as $name ({}; .[$name] = $given[$name]) ;

reduce (inputs | split("\t")) as $line ({};
  ($line[0] | split(".") | map(tonumber? // .)) as $path
  | setpath($path; $line[2:] | join(" ") | typed($line[1])))
| {
    agent: "1",
    boot: ((.boot // {}) | filled(["firmware", "mac", "address"])),
    dmi: ((.dmi // {})
      | filled(["uuid", "serial", "assetTag", "boardSerial", "chassisSerial", "manufacturer", "product", "biosVersion"])),
    cpu: (((.cpu // {}) | filled(["model", "architecture", "sockets", "cores", "threads", "flags"])) | .flags //= []),
    numa: [(.numa // [])[] | filled(["node", "cpus", "memoryMiB"])],
    memoryMiB,
    disks: [(.disks // [])[]
      | filled(["name", "serial", "wwn", "byPath", "model", "sizeBytes", "rotational", "transport"])],
    nics: [(.nics // [])[] | filled(["name", "mac", "driver", "pci", "link", "speedMbps", "lldp"])
      | .lldp |= (if . == null then null else filled(["chassis", "port", "system"]) end)],
    pci: [(.pci // [])[] | filled(["address", "vendor", "device", "class"])],
    gpus: [(.pci // [])[] | select((.class // "") | startswith("03")) | filled(["address", "vendor", "device", "class"])],
    bmc: (if .bmc == null then null else .bmc | filled(["address", "mac", "channel"]) end)
  }
