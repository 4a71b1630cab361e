import type { JsonObject, Machine } from '@formwork/core';
import type { MetalConfiguration } from '../configuration.ts';

/** What the one-time token of an installation is made from, by the site's key: nobody has to keep the token. */
export const installTokenText = (machine: Pick<Machine, 'id'>, number: number): string =>
  `install ${machine.id} ${String(number)}`;

/** Body of the `write-image` task; null when the site has no such image any more. */
export function installBody(machine: Machine, { images, ssh }: MetalConfiguration): JsonObject | null {
  const { install, allocation } = machine;
  const image = install === null ? undefined : images[install.image];
  if (install === null || allocation === null || image === undefined) return null;
  return {
    image: image.file,
    format: image.format,
    sha256: image.sha256,
    sizeBytes: image.sizeBytes,
    sparse: true,
    hints: JSON.parse(JSON.stringify(image.disk)) as JsonObject,
    firstBoot: {
      // Changes with every installation, so that cloud-init runs anew.
      instanceId: `${machine.id}-${String(install.number)}`,
      hostname: allocation.nodeName,
      user: ssh.user,
      sshKeys: [allocation.sshPublicKey],
      token: { $keyed: installTokenText(machine, install.number) },
    },
  };
}
