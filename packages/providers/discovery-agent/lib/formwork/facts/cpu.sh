# Processors: a thread is what the kernel counts, a core is a pair of package and core number.
# shellcheck shell=dash
facts_cpu() {
  fact cpu.architecture s "$(uname -m)"
  awk -F ': *' '
    /^processor/ { threads++ }
    /^model name/ && model == "" { model = $2 }
    /^physical id/ { package = $2; packages[package] = 1 }
    /^core id/ { cores[package "/" $2] = 1 }
    /^flags/ && flags == "" { flags = $2 }
    END {
      for (i in packages) sockets++
      for (i in cores) count++
      printf "cpu.model\ts\t%s\ncpu.threads\tn\t%d\n", model, threads
      # A virtual machine may not say.
      printf "cpu.sockets\tn\t%d\ncpu.cores\tn\t%d\n", sockets ? sockets : 1, count ? count : threads
      # Those that decide what may run here; all of them would be most of a report.
      n = split(flags, each, " ")
      for (i = 1; i <= n; i++) if (each[i] ~ /^(vmx|svm|aes|avx|avx2|avx512f|sse4_2|rdrand|sgx|amx_tile|sev|lm)$/) kept = kept " " each[i]
      printf "cpu.flags\tl\t%s\n", kept
    }' "$ROOT/proc/cpuinfo"
}
