import { option } from '../codec/option-codes.ts';
import { textValue } from '../codec/option-values.ts';
import type { DhcpOption, DhcpPacket } from '../codec/packet.ts';
import type { Subnet } from '../configuration/network.ts';

/** Sent whether asked for or not: without them an address is of no use. */
const always: readonly number[] = [option.subnetMask, option.router];
/** For a client that asks for nothing in particular (old ROMs send no option 55). */
const usual: readonly number[] = [...always, option.dnsServers, option.domainName, option.broadcastAddress];
/** RFC 3442's option under the number that Windows gave it before. */
const microsoftRoutes = 249;

/** The network's options that the client wants, the boot options after the first of them: mask, router, boot, rest. */
export function clientOptions(
  options: DhcpOption[],
  request: DhcpPacket,
  subnet: Subnet,
  boot: readonly DhcpOption[],
  hostname: string,
): void {
  const wanted = request.options.get(option.parameterList) ?? usual;
  const add = (code: number): void => {
    const value = subnet.options.get(code);
    if (value !== undefined) options.push({ code, value });
  };
  always.forEach(add);
  options.push(...boot);
  // Who boots over HTTP by a name needs a resolver, and not every firmware thinks of asking.
  const more = boot.length > 0 && !wanted.includes(option.dnsServers) ? [option.dnsServers] : [];
  const seen = new Set(always);
  for (const code of [...wanted, ...more]) {
    if (seen.has(code)) continue;
    seen.add(code);
    if (code === option.hostname && hostname !== '') options.push({ code, value: textValue(hostname) });
    else if (code === microsoftRoutes) {
      const value = subnet.options.get(option.classlessRoutes);
      if (value !== undefined) options.push({ code, value });
    } else add(code);
  }
}

/** What is given back as it came: client identifier (RFC 6842), subnet selection (RFC 3011), option 82 last (RFC 3046). */
export function clientEcho(options: DhcpOption[], request: DhcpPacket): void {
  for (const code of [option.clientIdentifier, option.subnetSelection, option.agentInformation]) {
    const value = request.options.get(code);
    if (value !== undefined) options.push({ code, value });
  }
}
