import { type Checked, jsonPath } from '@formwork/core';
import type { NetworkDescription } from '../network/network-description.ts';
import { netplanDocument } from '../network/render-netplan.ts';
import { renderNetworkd } from '../network/render-networkd.ts';
import { type FirstBoot, firstBootSchema } from './first-boot-description.ts';
import type { SeedFiles } from './seed-image.ts';

/** Who reads the seed in the image: our own first boot, or cloud-init. */
export type FirstBootBy = 'formwork' | 'cloud-init';

/**
 * The files of the seed, or all that is wrong with the description. They hold a private key and maybe user data: they are
 * for the claimed session of this machine's installation, and are erased from the disk when the machine has reported.
 */
export function seedFiles(input: unknown, network: NetworkDescription | null, by: FirstBootBy): Checked<SeedFiles> {
  const parsed = firstBootSchema.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => ({
      code: 'first-boot-invalid',
      path: jsonPath(path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment))),
      message,
    }));
    return { ok: false, problems };
  }
  const { userData } = parsed.data;
  if (by === 'formwork' && userData !== null && !userData.startsWith('#!')) {
    return {
      ok: false,
      problems: [
        {
          code: 'user-data-kind',
          path: '$.userData',
          message: "the image's own first boot runs a script, and this user data does not start with #!",
          remedy: 'write a script, or install an image that was built with --first-boot cloud-init',
        },
      ],
    };
  }
  const files = by === 'formwork' ? ownFiles(parsed.data, network) : cloudInitFiles(parsed.data, network);
  return { ok: true, value: { 'first-boot.conf': settingsText(parsed.data), ...keyFile(parsed.data), ...files } };
}

/** Lines of `name=value`; the shell script takes what follows the first `=` as it is. */
export const settingsText = ({ hostname, user, report }: FirstBoot): string =>
  [
    `hostname=${hostname}`,
    `user=${user}`,
    ...(report === null ? [] : [`report-url=${report.url}`, `session=${report.session}`]),
  ]
    .map((line) => `${line}\n`)
    .join('');

const keyFile = ({ report }: FirstBoot): SeedFiles => (report === null ? {} : { 'install-key.pem': report.privateKey });

function ownFiles({ sshKeys, userData }: FirstBoot, network: NetworkDescription | null): SeedFiles {
  const rendered = network === null ? [] : renderNetworkd(network);
  return {
    authorized_keys: sshKeys.map((key) => `${key}\n`).join(''),
    ...(userData === null ? {} : { 'user-data': userData }),
    ...Object.fromEntries(rendered.map(({ path, text }) => [`network.${path.split('/').at(-1) ?? ''}`, text])),
  };
}

/** The account is vendor data: user data may say otherwise. */
function cloudInitFiles(firstBoot: FirstBoot, network: NetworkDescription | null): SeedFiles {
  const { instanceId, hostname, user, sshKeys, userData } = firstBoot;
  const account = {
    name: user,
    lock_passwd: true,
    shell: '/bin/bash',
    sudo: 'ALL=(ALL) NOPASSWD:ALL',
    ssh_authorized_keys: sshKeys,
  };
  return {
    'meta-data': json({ 'instance-id': instanceId, 'local-hostname': hostname, 'public-keys': sshKeys }),
    'vendor-data': `#cloud-config\n${json({ users: [account] })}`,
    'user-data': userData ?? '#cloud-config\n{}\n',
    ...(network === null ? {} : { 'network-config': json(netplanDocument(network)) }),
  };
}

/** JSON is YAML, so nothing in a value can become syntax. */
const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
