import { iniText } from './ini-text.ts';
import type { NetworkInterface } from './network-description.ts';
import type { RenderedFile } from './rendered-file.ts';

/**
 * What udev names an interface by, whatever configures it afterwards. The permanent MAC is the hardware's alone: VLANs,
 * bridges and bonds take over the other one.
 */
export const linkFile = ({ name, mac }: Extract<NetworkInterface, { kind: 'ethernet' }>): RenderedFile => ({
  path: `/etc/systemd/network/10-formwork-${name}.link`,
  text: iniText([
    ['Match', [['PermanentMACAddress', mac]]],
    ['Link', [['Name', name]]],
  ]),
  mode: 0o644,
});
