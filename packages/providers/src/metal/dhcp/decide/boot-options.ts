import { option } from '../codec/option-codes.ts';
import { encapsulated, textValue } from '../codec/option-values.ts';
import type { DhcpOption, DhcpPacket } from '../codec/packet.ts';
import type { BootClient } from './boot-client.ts';
import type { BootPlan } from './boot-plan.ts';

/** PXE_DISCOVERY_CONTROL 8: boot the file named here, look for no boot server (PXE 2.1, table 2-3). */
const skipDiscovery: readonly (readonly [number, Buffer])[] = [[6, Buffer.of(8)]];
const bootItem = 71;
/** iPXE's own encapsulated option: do not wait for a proxyDHCP server. */
const noProxyWait = encapsulated([[176, Buffer.of(1)]], false);

/** Options 60, 43, 66, 67, 97 and 175, the most wanted first. */
export function bootOptions(
  client: BootClient,
  plan: BootPlan | null,
  request: DhcpPacket,
  how: { readonly proxy: boolean; readonly terminateFile: boolean },
): readonly DhcpOption[] {
  if (client.program === 'none') return [];
  const options: DhcpOption[] = [];
  const add = (code: number, value: Buffer): number => options.push({ code, value });
  // An iPXE takes a server that says PXEClient for a proxy, which a proxy has to be taken for.
  const vendorClass = plan === null ? null : (plan.vendorClass ?? (how.proxy ? 'PXEClient' : null));
  if (vendorClass !== null) add(option.vendorClass, textValue(vendorClass));
  if (vendorClass === 'PXEClient') {
    // Without option 43 the UEFI of EDK2 would go on asking at port 4011.
    const item = readBootItem(request.options.get(option.vendorSpecific));
    const chosen: readonly (readonly [number, Buffer])[] = item === null ? [] : [[bootItem, item]];
    add(option.vendorSpecific, encapsulated([...skipDiscovery, ...chosen], true));
  }
  if (plan !== null) {
    add(option.bootFileName, textValue(how.terminateFile ? `${plan.file}\0` : plan.file));
    add(option.tftpServerName, textValue(plan.serverName));
  }
  const machine = request.options.get(option.machineIdentifier);
  if (machine?.length === 17) add(option.machineIdentifier, machine);
  if ((client.program === 'ipxe' || client.program === 'own-ipxe') && !how.proxy) add(option.ipxe, noProxyWait);
  return options;
}

/** Sub-option 71 of a client that asks a boot server for one item of its menu; it wants it back. */
function readBootItem(value: Buffer | undefined): Buffer | null {
  if (value === undefined) return null;
  for (let at = 0; at + 2 <= value.length; ) {
    const code = value.readUInt8(at);
    if (code === 255) return null;
    const end = at + 2 + value.readUInt8(at + 1);
    if (code === bootItem && end === at + 6) return value.subarray(at + 2, end);
    at = code === 0 ? at + 1 : end;
  }
  return null;
}
