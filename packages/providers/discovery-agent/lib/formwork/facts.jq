# The document that the server reads.
include "machine";

facts
| {
    agent: "1",
    boot: ((.boot // {}) | filled(["firmware", "mac", "address"])),
    dmi: ((.dmi // {})
      | filled(["uuid", "serial", "assetTag", "boardSerial", "chassisSerial", "manufacturer", "product", "biosVersion"])),
    cpu: (((.cpu // {}) | filled(["model", "architecture", "sockets", "cores", "threads", "flags"])) | .flags //= []),
    numa: [(.numa // [])[] | filled(["node", "cpus", "memoryMiB"])],
    memoryMiB,
    disks: disks_of,
    nics: [(.nics // [])[] | filled(["name", "mac", "driver", "pci", "link", "speedMbps", "lldp"])
      | .lldp |= (if . == null then null else filled(["chassis", "port", "system"]) end)],
    pci: [(.pci // [])[] | filled(["address", "vendor", "device", "class"])],
    gpus: [(.pci // [])[] | select((.class // "") | startswith("03")) | filled(["address", "vendor", "device", "class"])],
    bmc: (if .bmc == null then null else .bmc | filled(["address", "mac", "channel"]) end)
  }
