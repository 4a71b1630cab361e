/** Files that every image gets, by path; and what is switched off in it. Part of the image's hash. */

/**
 * Settings of the one kernel that the host and all nodes share, which provisioning tools write. In a node each is a plain
 * file that starts with the host's value: writes succeed and end there. Everything else below /proc/sys is
 * read-only in a node, but `net`, which is the node's own.
 */
const protectedSettings = [
  'vm/overcommit_memory',
  'vm/overcommit_ratio',
  'vm/panic_on_oom',
  'vm/swappiness',
  'vm/max_map_count',
  'vm/dirty_ratio',
  'vm/dirty_background_ratio',
  'vm/min_free_kbytes',
  'vm/vfs_cache_pressure',
  'vm/nr_hugepages',
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/pid_max',
  'kernel/threads-max',
  'kernel/sysrq',
  'kernel/printk',
  'kernel/core_pattern',
  'kernel/dmesg_restrict',
  'kernel/kptr_restrict',
  'kernel/perf_event_paranoid',
  'kernel/hung_task_timeout_secs',
  'kernel/keys/root_maxkeys',
  'kernel/keys/root_maxbytes',
  'kernel/keys/maxkeys',
  'kernel/keys/maxbytes',
  'fs/file-max',
  'fs/nr_open',
  'fs/aio-max-nr',
  'fs/suid_dumpable',
  'fs/protected_fifos',
  'fs/protected_hardlinks',
  'fs/protected_regular',
  'fs/protected_symlinks',
  'fs/inotify/max_user_watches',
  'fs/inotify/max_user_instances',
  'fs/inotify/max_queued_events',
] as const;

/** Runs before anything applies sysctl settings. */
export const protectSettingsScript = `#!/bin/sh
mkdir -p /run/formwork/sysctl
for key in ${protectedSettings.join(' ')}; do
  [ -e "/proc/sys/$key" ] || continue
  copy=/run/formwork/sysctl/$(echo "$key" | tr / .)
  cat "/proc/sys/$key" >"$copy" 2>/dev/null || : >"$copy"
  mount --bind "$copy" "/proc/sys/$key" || exit 1
done
`;

const protectSettingsUnit = `[Unit]
Description=Keep kernel-wide settings of this node to itself
DefaultDependencies=no
Conflicts=shutdown.target
After=systemd-remount-fs.service
Before=systemd-sysctl.service sysinit.target shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/formwork/protect-settings
`;

/** cgroup v1 is mounted read-only in a node; a plain remount is refused as busy, one of the bind is not. */
const containersScript = `#!/bin/sh
for group in /sys/fs/cgroup/*/; do
  group=\${group%/}
  if mountpoint -q "$group"; then mount -o remount,bind,rw "$group" || exit 1; fi
done
mount --make-rshared /
if command -v depmod >/dev/null; then depmod; fi
`;

const containersUnit = `[Unit]
Description=Make this node fit for containers
DefaultDependencies=no
ConditionPathExists=/etc/formwork/containers
Conflicts=shutdown.target
After=formwork-settings.service
Before=sysinit.target shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/formwork/containers
`;

/** apt asks it before each download: our cache where it answers, else the mirror itself. https is never cached. */
const aptProxyScript = `#!/bin/bash
case $1 in https:*) echo DIRECT; exit 0 ;; esac
[ -r /etc/formwork/package-cache ] || { echo DIRECT; exit 0; }
read -r host port </etc/formwork/package-cache
if timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1" && printf "HEAD /formwork-package-cache HTTP/1.0\\r\\n\\r\\n" >&3 && read -r _ code _ <&3 && [ "$code" = 204 ]' "$host" "$port" 2>/dev/null; then
  echo "http://$host:$port"
else
  echo DIRECT
fi
`;

export const imageFiles: readonly { readonly path: string; readonly text: string; readonly mode: string }[] = [
  { path: '/usr/lib/formwork/protect-settings', text: protectSettingsScript, mode: '755' },
  { path: '/etc/systemd/system/formwork-settings.service', text: protectSettingsUnit, mode: '644' },
  { path: '/usr/lib/formwork/containers', text: containersScript, mode: '755' },
  { path: '/etc/systemd/system/formwork-containers.service', text: containersUnit, mode: '644' },
  { path: '/usr/lib/formwork/apt-proxy', text: aptProxyScript, mode: '755' },
  {
    path: '/etc/apt/apt.conf.d/80formwork',
    text: 'Acquire::http::Proxy-Auto-Detect "/usr/lib/formwork/apt-proxy";\nAcquire::Retries "3";\nAcquire::Languages "none";\nAPT::Install-Recommends "false";\n',
    mode: '644',
  },
  {
    path: '/etc/ssh/sshd_config.d/10-formwork.conf',
    text: 'HostKey /etc/ssh/ssh_host_ed25519_key\nPermitRootLogin prohibit-password\nPasswordAuthentication no\nUseDNS no\nMaxStartups 200:30:400\nMaxSessions 100\n',
    mode: '644',
  },
  // An answer of sshd then means that users other than root may log in too.
  {
    path: '/etc/systemd/system/ssh.service.d/10-formwork.conf',
    text: '[Unit]\nAfter=systemd-user-sessions.service\n',
    mode: '644',
  },
  {
    path: '/etc/systemd/journald.conf.d/10-formwork.conf',
    text: '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\n',
    mode: '644',
  },
  { path: '/etc/sudoers.d/formwork', text: 'formwork ALL=(ALL) NOPASSWD: ALL\n', mode: '440' },
  { path: '/etc/resolv.conf', text: '', mode: '644' },
];

/** No use in a node, or harmful to its host. */
export const maskedUnits = [
  'getty.target',
  'console-getty.service',
  'systemd-timesyncd.service',
  'systemd-udevd.service',
  'systemd-modules-load.service',
  'systemd-networkd.service',
  'systemd-resolved.service',
  'apt-daily.timer',
  'apt-daily-upgrade.timer',
  'e2scrub_all.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'dpkg-db-backup.timer',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'sys-kernel-config.mount',
  'sys-fs-fuse-connections.mount',
  'dev-hugepages.mount',
] as const;
