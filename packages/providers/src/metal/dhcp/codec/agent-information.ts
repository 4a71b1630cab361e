import type { Ipv4 } from './ipv4.ts';

/** Option 82, as its relay wrote it (RFC 3046), as far as the server reads it. */
export interface AgentInformation {
  /** Sub-option 1, in hex. */
  readonly circuitId: string | null;
  /** Sub-option 2, in hex. */
  readonly remoteId: string | null;
  /** Sub-option 5: an address of the client's link, which the relay's own is not on (RFC 3527). */
  readonly linkSelection: Ipv4 | null;
  /** Sub-option 11: the server identifier the client must see, so that renewals pass the relay (RFC 5107). */
  readonly serverOverride: Ipv4 | null;
}

const none: AgentInformation = { circuitId: null, remoteId: null, linkSelection: null, serverOverride: null };

/** Sub-options that do not fit into the option say nothing; the option is echoed whole in any case. */
export function readAgentInformation(value: Buffer | undefined): AgentInformation {
  if (value === undefined) return none;
  let found = none;
  for (let at = 0; at + 2 <= value.length; ) {
    const code = value.readUInt8(at);
    const length = value.readUInt8(at + 1);
    const end = at + 2 + length;
    if (end > value.length) return none;
    if (code === 1) found = { ...found, circuitId: value.toString('hex', at + 2, end) };
    if (code === 2) found = { ...found, remoteId: value.toString('hex', at + 2, end) };
    if (code === 5 && length === 4) found = { ...found, linkSelection: value.readUInt32BE(at + 2) };
    if (code === 11 && length === 4) found = { ...found, serverOverride: value.readUInt32BE(at + 2) };
    at = end;
  }
  return found;
}
