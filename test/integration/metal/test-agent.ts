import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import type { BootService, Decided } from '@formwork/providers';

/** What came back, read. */
export interface Said {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: Uint8Array;
  /** Path of an image that the listener would send; null otherwise. */
  readonly image: string | null;
}

/** An agent by the book: the protocol as docs/metal/boot.md has it, written a second time. */
export interface TestAgent {
  readonly privateKey: KeyObject;
  readonly publicKey: string;
  claim(token: string, mac?: string): Promise<Said>;
  /** Signed with the next counter, or with what `change` says. */
  ask(method: string, target: string, body?: unknown, change?: SignedChange): Promise<Said>;
  /** Sends the last request once more, as it was. */
  replay(): Promise<Said>;
}

interface SignedChange {
  readonly session?: string;
  readonly counter?: number;
  readonly address?: string;
  readonly key?: KeyObject;
}

let requests = 0;

export async function said(
  service: BootService,
  request: Partial<Parameters<BootService>[0]> & { readonly target: string; readonly address: string },
): Promise<Said> {
  requests += 1;
  const decided: Decided = await service({
    id: requests,
    method: 'GET',
    headers: {},
    body: Buffer.alloc(0),
    ...request,
  });
  if (decided.kind === 'image')
    return { status: 200, headers: {}, text: '', body: Buffer.alloc(0), image: decided.path };
  const { status, headers, body } = decided.answer;
  const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { status, headers: lower, text: Buffer.from(body).toString(), body, image: null };
}

export function testAgent(service: BootService, at: { readonly address: string; readonly mac: string }): TestAgent {
  const pair = generateKeyPairSync('ed25519');
  const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
  let session: string = randomUUID();
  let counter = 0;
  let last: (() => Promise<Said>) | null = null;
  return {
    privateKey: pair.privateKey,
    publicKey,
    claim: async (token, mac = at.mac) => {
      const body = Buffer.from(JSON.stringify({ token, mac, publicKey }));
      const answer = await said(service, { method: 'POST', target: '/agent/v1/claim', address: at.address, body });
      if (answer.status === 200) ({ session } = JSON.parse(answer.text) as { session: string });
      return answer;
    },
    ask: (method, target, content, change = {}) => {
      const body =
        content instanceof Uint8Array ? content : Buffer.from(content === undefined ? '' : JSON.stringify(content));
      counter = change.counter ?? counter + 1;
      const number = String(counter);
      const digest = createHash('sha256').update(body).digest('hex');
      const signature = sign(
        null,
        Buffer.from(`${method}\n${target}\n${number}\n${digest}\n`),
        change.key ?? pair.privateKey,
      );
      const headers = {
        'formwork-session': change.session ?? session,
        'formwork-counter': number,
        'formwork-signature': signature.toString('base64'),
      };
      last = () => said(service, { method, target, body, headers, address: change.address ?? at.address });
      return last();
    },
    replay: () => (last === null ? Promise.reject(new Error('nothing was said yet')) : last()),
  };
}
