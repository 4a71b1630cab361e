import { jsonPath, type PathSegment, type Problem } from '@formwork/core';
import {
  type Bond,
  masterOf,
  membersOf,
  needsOf,
  type NetworkDescription,
  type NetworkInterface,
} from './network-description.ts';

type Add = (code: string, path: readonly PathSegment[], message: string, remedy: string) => void;
type ByName = ReadonlyMap<string, NetworkInterface>;

/** Names, MACs, and who is built on whom: nothing unknown, nothing twice, no loop. */
export function checkLinks(network: NetworkDescription): readonly Problem[] {
  const problems: Problem[] = [];
  const byName: ByName = new Map(network.interfaces.map((one) => [one.name, one]));
  const claims = new Map<string, string>();
  for (const [index, one] of network.interfaces.entries()) {
    const add: Add = (code, path, message, remedy) =>
      problems.push({ code, path: jsonPath(['interfaces', index, ...path]), message, remedy });
    const claim = (key: string, path: readonly PathSegment[], code: string, what: string, remedy: string): void => {
      const before = claims.get(key);
      if (before !== undefined) add(code, path, `${what} belongs to ${before} already`, remedy);
      else claims.set(key, one.name);
    };
    claim(`name ${one.name}`, ['name'], 'network-name-twice', `the name ${one.name}`, 'choose another name');
    if (one.kind === 'ethernet') {
      claim(`mac ${one.mac}`, ['mac'], 'network-mac-twice', `the MAC ${one.mac}`, 'give each interface its own MAC');
      if (/^eth\d+$/.test(one.name)) {
        add(
          'network-kernel-name',
          ['name'],
          `${one.name} is a name that the kernel gives to any interface: renaming another to it fails at some boots`,
          'choose a name of your own, as in lan0',
        );
      }
    }
    if (one.kind === 'vlan') {
      const key = `vlan ${one.link} ${one.id}`;
      claim(key, ['id'], 'network-vlan-twice', `VLAN ${one.id} of ${one.link}`, 'keep one of them');
      checkVlanLink(network, byName, one.link, add);
    }
    for (const [place, member] of membersOf(one).entries()) {
      const what = `the interface ${member}`;
      claim(`member ${member}`, ['members', place], 'network-member-twice', what, 'make it a member of one');
      checkMember(byName, one, member, ['members', place], add);
    }
    if (one.kind === 'bond') checkBond(one, add);
    const loop = loopFrom(byName, one);
    if (loop !== null) {
      const text = loop.join(' -> ');
      add('network-loop', [], `${one.name} is built on itself: ${text}`, 'take one of these links out');
    }
  }
  return problems;
}

function checkVlanLink(network: NetworkDescription, byName: ByName, link: string, add: Add): void {
  const below = byName.get(link);
  if (below === undefined) {
    add('network-unknown-link', ['link'], `there is no interface ${link}`, `name one of ${names(byName)}`);
    return;
  }
  const master = masterOf(network, below);
  if (master?.kind !== 'bond') return;
  add(
    'network-vlan-on-member',
    ['link'],
    `${link} is a member of the bond ${master.name}, which takes all of its frames`,
    `put the VLAN on ${master.name}`,
  );
}

function checkMember(
  byName: ByName,
  master: NetworkInterface,
  name: string,
  path: readonly PathSegment[],
  add: Add,
): void {
  const member = byName.get(name);
  if (member === undefined) {
    add('network-unknown-member', path, `there is no interface ${name}`, `name one of ${names(byName)}`);
    return;
  }
  if (master.kind === 'bond' && member.kind !== 'ethernet') {
    add('network-member-kind', path, `${name} is a ${member.kind}; a bond is made of ethernets`, 'name an ethernet');
  }
  if (master.kind === 'bridge' && member.kind === 'bridge') {
    add('network-member-kind', path, `${name} is a bridge itself`, 'give its members to one bridge');
  }
  const configured = member.addresses.length > 0 || member.dhcp4 || member.dhcp6 || member.routes.length > 0;
  if (configured) {
    add(
      'network-member-configured',
      path,
      `${name} has addresses or routes of its own, which work no more in a ${master.kind}`,
      `move them to ${master.name}`,
    );
  }
}

function checkBond(bond: Bond, add: Add): void {
  const { mode, lacpRate, transmitHashPolicy, primary } = bond;
  const only = (field: string, modes: readonly string[]): void => {
    if (modes.includes(mode)) return;
    add(
      'network-bond-option',
      [field],
      `the mode ${mode} has no ${field}`,
      `leave it out, or use ${modes.join(' or ')}`,
    );
  };
  if (lacpRate !== undefined) only('lacpRate', ['802.3ad']);
  if (transmitHashPolicy !== undefined) only('transmitHashPolicy', ['802.3ad', 'balance-xor', 'balance-tlb']);
  if (primary === undefined) return;
  only('primary', ['active-backup', 'balance-tlb', 'balance-alb']);
  if (!bond.members.includes(primary)) {
    add('network-bond-option', ['primary'], `${primary} is no member of ${bond.name}`, 'name one of its members');
  }
}

/** A way from an interface down to itself; null: there is none. */
function loopFrom(byName: ByName, start: NetworkInterface): readonly string[] | null {
  const seen = new Set<string>();
  const search = (one: NetworkInterface, way: readonly string[]): readonly string[] | null => {
    for (const need of needsOf(one)) {
      if (need === start.name) return [...way, need];
      const next = byName.get(need);
      if (next === undefined || seen.has(need)) continue;
      seen.add(need);
      const found = search(next, [...way, need]);
      if (found !== null) return found;
    }
    return null;
  };
  return search(start, [start.name]);
}

const names = (byName: ByName): string => [...byName.keys()].join(', ');
