/** Questions to a BMC outside of any session, in the format of IPMI 1.5. */
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import { refused, type Parsed } from '../parsed.ts';
import {
  getChannelAuthCapabilities,
  getChannelCipherSuites,
  parseChannelAuthCapabilities,
  parseCipherSuiteRecords,
  type ChannelAuthCapabilities,
  type CipherSuiteRecord,
} from './channel.ts';
import { completionFailure } from './completion-codes.ts';
import { exchange, type Patience } from './exchange.ts';
import { answers, encodeRequest, parseResponse, type IpmiRequest, type IpmiResponse } from './lan-message.ts';
import { encodePlain, parseSessionPacket } from './session-packet.ts';
import type { UdpLink } from './udp-link.ts';

export async function channelCapabilities(
  link: UdpLink,
  patience: Patience,
  signal: AbortSignal,
): Promise<ChannelAuthCapabilities> {
  const what = 'Get Channel Authentication Capabilities';
  const answer = parseChannelAuthCapabilities(await ask(link, what, getChannelAuthCapabilities, patience, signal));
  if (!answer.ok) throw bmcError(bmcFailures.garbled(what, answer.reason));
  return answer.value;
}

const sectionBytes = 16;
/** The index of a section has six bits. */
const mostSections = 64;

/** What the BMC says it speaks; nobody vouches for it. For a site's check, not for choosing. */
export async function advertisedSuites(
  link: UdpLink,
  patience: Patience,
  signal: AbortSignal,
): Promise<readonly CipherSuiteRecord[]> {
  const what = 'Get Channel Cipher Suites';
  const sections: Buffer[] = [];
  for (let index = 0; index < mostSections; index += 1) {
    // The first byte is the channel; a section that is not full is the last one.
    const section = (await ask(link, what, getChannelCipherSuites(index), patience, signal)).subarray(
      1,
      1 + sectionBytes,
    );
    sections.push(section);
    if (section.length < sectionBytes) break;
  }
  const records = parseCipherSuiteRecords(Buffer.concat(sections));
  if (!records.ok) throw bmcError(bmcFailures.garbled(what, records.reason));
  return records.value;
}

async function ask(
  link: UdpLink,
  what: string,
  request: IpmiRequest,
  patience: Patience,
  signal: AbortSignal,
): Promise<Buffer> {
  const packet = encodePlain(encodeRequest(request, 0));
  const accept = (answer: Buffer): Parsed<IpmiResponse> => {
    const found = parseSessionPacket(answer, 0);
    if (!found.ok) return found;
    if (found.value.version !== '1.5') return refused('an RMCP+ packet');
    const response = parseResponse(found.value.message);
    if (!response.ok) return response;
    return answers(response.value, request, 0) ? response : refused('answer to another command');
  };
  const { completionCode, data } = await exchange(link, what, () => packet, accept, patience, signal);
  if (completionCode !== 0) throw bmcError(completionFailure(completionCode, what));
  return data;
}
