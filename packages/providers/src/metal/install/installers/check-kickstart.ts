/**
 * Whether a kickstart file is one: commands and options that Anaconda knows (those that we render and a user may add), sections
 * that end. Debian has no ksvalidator; this one knows less, and refuses what it does not know.
 */
import type { Problem } from '@formwork/core';

/** Options by command; a command that takes a word has `*`. From the Fedora and RHEL 9 kickstart reference. */
const commands: Readonly<Record<string, readonly string[]>> = {
  autopart: ['type', 'fstype', 'nohome', 'noswap', 'noboot', 'encrypted', 'luks-version', 'passphrase'],
  bootloader: ['boot-drive', 'append', 'location', 'timeout', 'driveorder'],
  clearpart: ['all', 'initlabel', 'drives', 'linux', 'none', 'list', 'disklabel'],
  cmdline: [],
  eula: ['agreed'],
  firewall: ['enabled', 'disabled', 'ssh', 'port', 'service', 'trust'],
  firstboot: ['enable', 'disable', 'reconfig'],
  graphical: [],
  group: ['name', 'gid'],
  ignoredisk: ['only-use', 'drives'],
  keyboard: ['*', 'xlayouts', 'vckeymap', 'switch'],
  lang: ['*', 'addsupport'],
  logging: ['host', 'port'],
  network: [
    ...[
      'bootproto',
      'device',
      'activate',
      'hostname',
      'ip',
      'netmask',
      'gateway',
      'nameserver',
      'onboot',
      'ipv6',
      'noipv6',
    ],
    ...[
      'ipv6gateway',
      'mtu',
      'vlanid',
      'interfacename',
      'bondslaves',
      'bondopts',
      'bridgeslaves',
      'bridgeopts',
      'nodns',
    ],
  ],
  part: ['*', 'fstype', 'size', 'grow', 'maxsize', 'ondisk', 'asprimary', 'label', 'recommended', 'fsoptions'],
  poweroff: ['eject'],
  reboot: ['eject', 'kexec'],
  repo: ['name', 'baseurl', 'mirrorlist', 'metalink', 'install', 'cost'],
  rootpw: ['*', 'lock', 'iscrypted', 'plaintext', 'allow-ssh'],
  selinux: ['enforcing', 'permissive', 'disabled'],
  services: ['enabled', 'disabled'],
  skipx: [],
  sshkey: ['*', 'username'],
  text: ['non-interactive'],
  timezone: ['*', 'utc', 'isUtc', 'nontp', 'ntpservers'],
  url: ['url', 'mirrorlist', 'metalink', 'proxy', 'noverifyssl'],
  user: ['name', 'groups', 'lock', 'password', 'iscrypted', 'plaintext', 'uid', 'gid', 'homedir', 'shell', 'gecos'],
  zerombr: [],
};
const sections = ['%packages', '%pre', '%pre-install', '%post', '%onerror', '%addon', '%anaconda'];
/** Without one of these there is nothing to boot, or the installer asks a question. */
const required = ['lang', 'keyboard', 'timezone', 'rootpw', 'bootloader'];

export function checkKickstart(text: string): readonly Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  let section: { readonly name: string; readonly line: number } | null = null;
  const add = (code: string, line: number, message: string): void => {
    problems.push({ code, path: '$', line, message });
  };
  for (const [index, full] of text.split('\n').entries()) {
    const [word = '', ...rest] = full.trim().split(/\s+/);
    const line = index + 1;
    if (section !== null) {
      if (word === '%end') section = null;
      else if (sections.includes(word)) add('kickstart-section', line, `${section.name} has no %end before ${word}`);
    } else if (sections.includes(word)) section = { name: word, line };
    else if (word.startsWith('%')) add('kickstart-section', line, `there is no section ${word} to start or end here`);
    else if (word !== '' && !word.startsWith('#')) {
      seen.add(word);
      checkCommand(word, rest, (message) => add('kickstart-command', line, message));
    }
  }
  if (section !== null) add('kickstart-section', section.line, `${section.name} has no %end`);
  for (const name of required.filter((one) => !seen.has(one))) {
    add('kickstart-incomplete', 1, `without ${name} the installer asks a person`);
  }
  return problems;
}

function checkCommand(name: string, words: readonly string[], add: (message: string) => void): void {
  const options = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (options === undefined) {
    add(`there is no command ${name}`);
    return;
  }
  for (const word of words) {
    const option = /^--([a-zA-Z0-9-]+)(=.*)?$/.exec(word)?.[1];
    if (option === undefined ? options.includes('*') : options.includes(option)) continue;
    add(option === undefined ? `${name} takes no word "${word}"` : `${name} has no option --${option}`);
  }
}
