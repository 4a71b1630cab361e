/** Before anything that uses what it sets: the network, sshd, cloud-init's first stage. */
export const firstBootUnit = `[Unit]
Description=First boot of this machine
DefaultDependencies=no
ConditionPathExists=!/var/lib/formwork/first-boot-done
RequiresMountsFor=/etc /var/lib/formwork
After=systemd-remount-fs.service systemd-udevd.service systemd-udev-trigger.service systemd-tmpfiles-setup.service
Before=network-pre.target systemd-networkd.service cloud-init-local.service ssh.service ssh.socket shutdown.target
Wants=network-pre.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/formwork/first-boot
StandardOutput=journal+console

[Install]
WantedBy=sysinit.target
`;

/**
 * Waits for the server as long as it takes, and holds nothing up. cloud-init's last stage is after multi-user.target: the
 * target must not be after this one (DefaultDependencies), or systemd takes it out of the circle, and nobody reports.
 */
export const reportUnit = `[Unit]
Description=Report of the first boot
DefaultDependencies=no
ConditionPathExists=!/var/lib/formwork/first-boot-done
After=basic.target formwork-first-boot.service network-online.target ssh.service cloud-final.service
Before=shutdown.target
Wants=network-online.target
Requires=formwork-first-boot.service
Conflicts=shutdown.target

[Service]
Type=exec
ExecStart=/usr/lib/formwork/report
StandardOutput=journal+console

[Install]
WantedBy=multi-user.target
`;
