# A task that the site has signed, as words for the shell; an error where its shape is wrong. jq takes most of a second on a
# slow machine: everything that the kinds need is taken out here, at once.
# Collected before it is judged: jq 1.6 would catch an error of what follows as well.
def need($name; filter): if [try filter catch false] == [true] then . else error("\($name) is missing or wrong") end;
def name: type == "string" and test("^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}$");
def seconds: type == "number" and . > 0 and . <= 604800;
def path: type == "string" and test("^[A-Za-z0-9_.~/+=,@-]{1,512}$") and (test("(^|/)\\.\\.(/|$)") | not);
def digest: type == "string" and test("^[0-9a-f]{64}$");
def count: type == "number" and . >= 1 and . == floor;
def flag: . == null or type == "boolean";
def hints:
  . == null or (type == "object"
    and (keys - ["serial", "wwn", "byPath", "model", "minBytes", "maxBytes", "rotational", "name"] == [])
    and ([.serial, .wwn, .byPath, .model, .name] | all(. == null or type == "string"))
    and ([.minBytes, .maxBytes] | all(. == null or type == "number"))
    and (.rotational | flag));
def sectors: type == "number" and . > 0 and . % 512 == 0;
def first_boot:
  . == null or (type == "object" and (.offsetBytes | sectors) and (.sizeBytes | sectors and . <= 67108864) and (.sha256 | digest));

need("the task"; type == "object")
| need("id"; .id | name) | need("machine"; .machine | name) | need("session"; .session | name)
| need("notAfter"; .notAfter | type == "number")
| need("kind"; .kind | type == "string" and test("^[a-z][a-z-]{0,31}$"))
| @sh "task_id=\(.id) task_machine=\(.machine) task_session=\(.session) task_not_after=\(.notAfter | floor) task_kind=\(.kind)",
  if .kind == "run" then
    need("script"; .script | type == "string") | need("timeoutSeconds"; .timeoutSeconds | seconds)
    | @sh "script_text=\(.script) seconds=\(.timeoutSeconds | ceil)"
  elif .kind == "write-image" then
    need("image"; .image | name) | need("format"; .format | IN("raw", "zstd")) | need("sha256"; .sha256 | digest)
    | need("sizeBytes"; .sizeBytes | count) | need("hints"; .hints | hints) | need("sparse"; .sparse | flag)
    | need("verify"; .verify | flag) | need("firstBoot"; .firstBoot | first_boot)
    | @sh "image=\(.image) format=\(.format) sha256=\(.sha256) size=\(.sizeBytes) hints=\(.hints | tojson)",
      @sh "sparse=\(.sparse // false) read_back=\(.verify // false)",
      @sh "seed_offset=\(.firstBoot.offsetBytes // "") seed_size=\(.firstBoot.sizeBytes // "") seed_sha256=\(.firstBoot.sha256 // "")"
  elif .kind == "wipe" then
    need("mode"; .mode | IN("quick", "nvme", "ata", "auto"))
    | need("disks"; .disks | . == "all" or (. != null and hints))
    | @sh "mode=\(.mode) hints=\(if .disks == "all" then null else .disks end | tojson) all_disks=\(.disks == "all")"
  elif .kind == "burn-in" then
    need("seconds"; [.cpuSeconds, .memorySeconds, .diskSeconds] | all(. == null or . == 0 or seconds))
    | @sh "cpu=\(.cpuSeconds // 0 | ceil) memory=\(.memorySeconds // 0 | ceil) disk=\(.diskSeconds // 0 | ceil)"
  elif .kind == "set-bmc-user" then
    need("slot"; .slot | count and . >= 2 and . <= 63)
    | need("name"; .name | type == "string" and test("^[A-Za-z0-9_.@-]{1,16}$"))
    | need("password"; .password | type == "string" and test("^[!#-&(-\\[\\]-~]{8,20}$"))
    | @sh "slot=\(.slot) user_name=\(.name) password=\(.password)"
  elif .kind == "kexec" then
    need("kernel or entry"; if .entry == null then .kernel | path else .partition != null and (.entry | path) end)
    | need("initrd"; .initrd | . == null or path)
    | need("arguments"; .arguments | . == null or type == "string")
    | need("sha256 of kernel and initrd, or a partition with hints";
        if .partition == null then (.kernelSha256 | digest) and (.initrd == null or (.initrdSha256 | digest))
        else (.partition | count) and (.hints | hints) end)
    | @sh "entry=\(.entry // "") kernel=\(.kernel // "") initrd=\(.initrd // "") arguments=\(.arguments // "") hints=\(.hints | tojson)",
      @sh "kernel_sha256=\(.kernelSha256 // "") initrd_sha256=\(.initrdSha256 // "") partition_number=\(.partition // "")"
  else empty end
