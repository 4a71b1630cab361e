# A task that the site has signed, as words for the shell; an error where its shape is wrong.
def need($name; filter): if (try filter catch false) then . else error("\($name) is missing or wrong") end;
def name: type == "string" and test("^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,127}$");
def seconds: type == "number" and . > 0 and . <= 604800;
def path: type == "string" and test("^[A-Za-z0-9_.~/+=,@-]{1,512}$") and (test("(^|/)\\.\\.(/|$)") | not);
def digest: type == "string" and test("^[0-9a-f]{64}$");
def hints: . == null or (type == "object" and (keys - ["serial", "wwn", "byPath", "model", "minBytes", "maxBytes", "rotational", "name"] == []));

need("the task"; type == "object")
| need("id"; .id | name) | need("machine"; .machine | name) | need("session"; .session | name)
| need("notAfter"; .notAfter | type == "number")
| need("kind"; .kind | type == "string" and test("^[a-z][a-z-]{0,31}$"))
| if .kind == "run" then need("script"; .script | type == "string") | need("timeoutSeconds"; .timeoutSeconds | seconds)
  elif .kind == "write-image" then
    need("image"; .image | name) | need("format"; .format | IN("raw", "zstd")) | need("sha256"; .sha256 | digest)
    | need("sizeBytes"; .sizeBytes | type == "number" and . > 0 and . == floor) | need("hints"; .hints | hints)
    | need("firstBoot"; .firstBoot | . == null or (type == "object"
        and (.partition | type == "number" and . >= 1 and . <= 128)
        and (.files | type == "array" and all(.[]; (.path | path) and (.contentBase64 | type == "string")
          and (.mode == null or (.mode | type == "string" and test("^[0-7]{3,4}$")))))))
  elif .kind == "wipe" then
    need("mode"; .mode | IN("quick", "nvme", "ata", "auto")) | need("disks"; .disks | . == "all" or (. != null and hints))
  elif .kind == "burn-in" then
    need("seconds"; [.cpuSeconds, .memorySeconds, .diskSeconds] | all(. == null or . == 0 or seconds))
  elif .kind == "set-bmc-user" then
    need("slot"; .slot | type == "number" and . >= 2 and . <= 63 and . == floor)
    | need("name"; .name | type == "string" and test("^[A-Za-z0-9_.@-]{1,16}$"))
    | need("password"; .password | type == "string" and test("^[!#-&(-\\[\\]-~]{8,20}$"))
  elif .kind == "kexec" then
    need("kernel"; .kernel | path) | need("initrd"; .initrd | . == null or path)
    | need("arguments"; .arguments | . == null or type == "string")
    | need("sha256 of kernel and initrd, or a partition";
        if .partition == null then (.kernelSha256 | digest) and (.initrd == null or (.initrdSha256 | digest))
        else (.partition | type == "number" and . >= 1) and (.hints | hints) end)
  else . end
| @sh "task_id=\(.id) task_machine=\(.machine) task_session=\(.session) task_not_after=\(.notAfter | floor) task_kind=\(.kind)"
