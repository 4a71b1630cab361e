import { generateKeyPairSync } from 'node:crypto';
import { rackNetwork } from '../../network/testing/networks.ts';
import { type InstallerDescription, type InstallerInput, parseInstaller } from '../installer-description.ts';

export const { privateKey } = generateKeyPairSync('ed25519', {
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
export const input: InstallerInput = {
  firstBoot: {
    instanceId: 'i-1',
    hostname: 'node-7.rack1.example.org',
    user: 'formwork',
    sshKeys: [
      'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDpczbWbTVzni3pfQC/PiscsBKvI+QFUuaEdEroEsv5s o\'neill "x" $HOME %end',
    ],
    userData: '#!/bin/sh\nexit 0\n',
    report: { url: 'http://10.77.0.1:8080', session: 's-1', privateKey },
  },
  network: rackNetwork,
  disk: '/dev/disk/by-id/wwn-0x5000c500a1b2c3d4',
  mirror: 'http://10.77.0.1:8080/files/mirror',
  release: 'bookworm',
  packages: ['jq'],
};
export const described = (more: object = {}): InstallerDescription => {
  const checked = parseInstaller({ ...input, ...more });
  if (!checked.ok) throw new Error(JSON.stringify(checked.problems));
  return checked.value;
};
export const variants = [
  ['with everything', {}],
  ['with defaults', { network: null, mirror: null, release: null, packages: [] }],
] as const;
