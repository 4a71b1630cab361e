/** Ubuntu's subiquity: cloud-config with the key `autoinstall`. JSON is YAML, so nothing in a value can become syntax. */
import { netplanDocument } from '../network/render-netplan.ts';
import { base64, finishScript, reportPackages } from './installed-files.ts';
import type { InstallerDescription } from './installer-description.ts';

export function renderAutoinstall(description: InstallerDescription): string {
  const { firstBoot, network, disk, mirror, packages, locale, keyboard, timezone } = description;
  // The account is made by our script: without `identity`, user data has to say that there is none of the installer's.
  const script = finishScript(description, []);
  const autoinstall = {
    version: 1,
    locale,
    timezone,
    keyboard: { layout: keyboard },
    ...(network === null ? {} : { network: netplanDocument(network) }),
    ...(mirror === null ? {} : { apt: { primary: [{ arches: ['default'], uri: mirror }] } }),
    storage: { layout: { name: 'direct', match: { path: disk } } },
    ssh: { 'install-server': true, 'allow-pw': false },
    'user-data': { hostname: firstBoot.hostname, users: [], ssh_deletekeys: false },
    packages: [...new Set([...reportPackages, ...packages])],
    'late-commands': [`curtin in-target -- sh -c 'echo ${base64(script)} | base64 -d | sh'`],
    shutdown: 'reboot',
  };
  return `#cloud-config\n${JSON.stringify({ autoinstall }, null, 2)}\n`;
}
