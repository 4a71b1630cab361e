/** Anaconda: commands, then sections that end with %end. */
import { renderNetworkManager } from '../network/render-keyfiles.ts';
import { base64, finishScript, reportPackages } from './installed-files.ts';
import type { InstallerDescription } from './installer-description.ts';

export function renderKickstart(description: InstallerDescription): string {
  const { firstBoot, network, disk, mirror, packages, locale, keyboard, timezone } = description;
  // Anaconda takes a path below /dev.
  const device = disk.slice('/dev/'.length);
  const script = finishScript(description, network === null ? [] : renderNetworkManager(network));
  return `text
lang ${locale}
keyboard --xlayouts=${keyboard}
timezone ${timezone} --utc
${mirror === null ? '' : `url --url=${mirror}\n`}network --bootproto=dhcp --device=link --activate --hostname=${firstBoot.hostname}
rootpw --lock
${firstBoot.user === 'root' ? '' : `user --name=${firstBoot.user} --lock\n`}firewall --enabled --ssh
services --enabled=sshd
ignoredisk --only-use=${device}
zerombr
clearpart --all --initlabel --drives=${device}
autopart --type=plain
bootloader --boot-drive=${device}
firstboot --disable
reboot

%packages
@^minimal-environment
${[...new Set([...reportPackages, ...packages])].join('\n')}
%end

%post --erroronfail
echo ${base64(script)} | base64 -d | sh
%end
`;
}
