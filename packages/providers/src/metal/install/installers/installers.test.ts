import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkKickstart } from './check-kickstart.ts';
import { parseInstaller } from './installer-description.ts';
import { parseIgnition } from './parse-ignition.ts';
import { renderAutoinstall } from './render-autoinstall.ts';
import { renderKickstart } from './render-kickstart.ts';
import { renderPreseed } from './render-preseed.ts';
import { described, input, privateKey, variants } from './testing/description.ts';

/** The script that was put in as base64. */
const scriptIn = (text: string): string =>
  Buffer.from(/echo ([A-Za-z0-9+/=]{200,}) \| base64 -d \| sh/.exec(text)?.[1] ?? '', 'base64').toString('utf8');

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'formwork-installers-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe.each([
  ['preseed', renderPreseed],
  ['kickstart', renderKickstart],
  ['autoinstall', renderAutoinstall],
] as const)('%s', (_, render) => {
  it('carries a script that a shell can read, which leaves keys, network and report', () => {
    const script = scriptIn(render(described()));
    execFileSync('sh', ['-n'], { input: script });
    expect(script).toContain('/usr/lib/formwork/report;');
    expect(script).toContain('formwork-report.service');
    expect(script).toContain('chmod 600 /var/lib/formwork/seed/install-key.pem');
  });

  it('leaves no key in its own syntax: what is in a value cannot become a line', () => {
    const text = render(described());
    expect(text).not.toContain('PRIVATE KEY');
    expect(text).not.toContain("o'neill");
  });
});

describe('the script of an installer, run in a root of its own', () => {
  it('writes every file as it was rendered', () => {
    const root = path.join(directory, 'root');
    // Only the lines that write files; the others are for the system's own programs.
    const files = scriptIn(renderKickstart(described()))
      .split('\n')
      .filter((line) => line.startsWith('mkdir -p /') && line.includes('base64 -d'))
      .map((line) => line.replaceAll(/(mkdir -p |base64 -d >|chmod \d+ )\//g, `$1${root}/`));
    expect(files.length).toBeGreaterThan(10);
    execFileSync('sh', ['-e'], { input: files.join('\n') });
    const read = (file: string): string => execFileSync('cat', [path.join(root, file)], { encoding: 'utf8' });
    expect(read('var/lib/formwork/seed/install-key.pem')).toBe(privateKey);
    expect(read('var/lib/formwork/seed/first-boot.conf')).toContain('session=s-1\n');
    expect(read('etc/NetworkManager/system-connections/formwork-bond0.nmconnection')).toContain('mode=802.3ad');
    for (const script of ['first-boot', 'report']) {
      execFileSync('sh', ['-n', path.join(root, 'usr/lib/formwork', script)]);
    }
  });
});

describe('a preseed file', () => {
  it('is complete: the installer asks nobody', () => {
    const text = renderPreseed(described());
    for (const question of [
      'partman/confirm ',
      'partman-auto/disk string /dev/disk/by-id/wwn',
      'passwd/root-password-crypted',
    ]) {
      expect(text).toContain(question);
    }
    expect(text).toContain('d-i netcfg/get_hostname string node-7\nd-i netcfg/get_domain string rack1.example.org\n');
    expect(text).toContain('pkgsel/include string curl openssl sudo openssh-server ifenslave vlan bridge-utils jq');
  });
});

describe('an autoinstall file', () => {
  it('is of the storage that was chosen, and of nothing else', () => {
    const text = renderAutoinstall(described());
    expect(JSON.parse(text.replace('#cloud-config\n', ''))).toMatchObject({
      autoinstall: {
        version: 1,
        storage: { layout: { name: 'direct', match: { path: '/dev/disk/by-id/wwn-0x5000c500a1b2c3d4' } } },
        network: { version: 2, bonds: { bond0: {} } },
      },
    });
  });
});

describe('a kickstart file', () => {
  it.each(variants)('%s has nothing that Anaconda does not know', (_, more) => {
    expect(checkKickstart(renderKickstart(described(more)))).toEqual([]);
  });

  it.each<readonly [string, string, string]>([
    ['an unknown command', 'formatdisk --all', 'there is no command formatdisk'],
    ['an unknown option', 'zerombr --yes', 'zerombr has no option --yes'],
    ['a word where none belongs', 'reboot now', 'reboot takes no word "now"'],
    ['a section without its end', '%post\necho', '%post has no %end'],
    ['a section in a section', '%pre\n%post\n%end', '%pre has no %end before %post'],
    ['an end of nothing', '%end', 'there is no section %end to start or end here'],
  ])('with %s is refused, with its line', (_, more, message) => {
    const text = renderKickstart(described());
    const line = text.split('\n').length;
    expect(checkKickstart(`${text}${more}\n`)[0]).toMatchObject({ message, line: expect.any(Number) as unknown });
    expect(checkKickstart(`${text}${more}\n`)[0]?.line).toBeGreaterThanOrEqual(line);
  });

  it('that would ask a person is refused', () => {
    const text = renderKickstart(described()).replace(/^rootpw.*\n/m, '');
    expect(checkKickstart(text)).toMatchObject([{ code: 'kickstart-incomplete' }]);
  });
});

describe('a description for an installer', () => {
  it.each<readonly [string, object, string]>([
    ['a disk that is none', { disk: 'sda' }, '$.disk'],
    ['a disk with a line end', { disk: '/dev/sda\nd-i x' }, '$.disk'],
    ['a package with a blank', { packages: ['a b'] }, '$.packages[0]'],
    ['a mirror that is no URL', { mirror: 'http://a b' }, '$.mirror'],
    [
      'a bond of an unknown NIC',
      { network: { interfaces: [{ kind: 'bond', name: 'b', mode: '802.3ad', members: ['x'] }] } },
      '$.network.interfaces[0].members[0]',
    ],
    [
      'user data that is no script',
      { firstBoot: { ...input.firstBoot, userData: '#cloud-config' } },
      '$.firstBoot.userData',
    ],
  ])('with %s is refused, with its place', (_, more, place) => {
    expect(parseInstaller({ ...input, ...more })).toMatchObject({ ok: false, problems: [{ path: place }] });
  });
});

describe('Ignition', () => {
  const valid = {
    ignition: { version: '3.4.0', config: { merge: [{ source: 'https://example.org/a.ign' }] } },
    passwd: { users: [{ name: 'core', sshAuthorizedKeys: ['ssh-ed25519 AAAA'] }] },
    storage: { files: [{ path: '/etc/hostname', mode: 420, contents: { source: 'data:,node-7' } }] },
    systemd: { units: [{ name: 'etcd.service', enabled: true }] },
  };

  it('is passed through as it was written', () => {
    const text = JSON.stringify(valid, null, 3);
    expect(parseIgnition(text)).toEqual({ ok: true, value: text });
  });

  it.each<readonly [string, unknown, string]>([
    ['of version 2', { ignition: { version: '2.3.0' } }, '$.ignition.version'],
    ['without a version', { ignition: {} }, '$.ignition.version'],
    ['with a key of Butane', { ...valid, variant: 'fcos' }, '$'],
    ['with a relative path', { ...valid, storage: { files: [{ path: 'etc/x' }] } }, '$.storage.files[0].path'],
    [
      'with a mode in text',
      { ...valid, storage: { files: [{ path: '/x', mode: '0644' }] } },
      '$.storage.files[0].mode',
    ],
    [
      'with a source of no kind',
      { ...valid, storage: { files: [{ path: '/x', contents: { source: 'hello' } }] } },
      '$.storage.files[0].contents.source',
    ],
    [
      'with the same path twice',
      { ...valid, storage: { files: [{ path: '/x' }], links: [{ path: '/x', target: 'y' }] } },
      '$.storage.links[0].path',
    ],
    ['with a unit that is none', { ...valid, systemd: { units: [{ name: 'etcd' }] } }, '$.systemd.units[0].name'],
  ])('%s is refused, with its place', (_, document, place) => {
    expect(parseIgnition(JSON.stringify(document))).toMatchObject({ ok: false, problems: [{ path: place }] });
  });

  it('that is no JSON is refused', () => {
    expect(parseIgnition('variant: fcos')).toMatchObject({ ok: false, problems: [{ path: '$' }] });
  });
});
