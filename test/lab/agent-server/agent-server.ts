/**
 * The server's side of the agent protocol, for tests: it checks every signature and counter and remembers what was said. The
 * decisions are the test's: tasks in the order given, faults where asked for.
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { publicKeyOf, signatureProblem } from './signed-request.ts';

const claimBody = z.object({ token: z.string(), mac: z.string(), publicKey: z.base64() });
const resultBody = z.object({
  ok: z.boolean(),
  code: z.string(),
  message: z.string(),
  outputs: z.record(z.string(), z.unknown()),
});
export type TaskResult = z.infer<typeof resultBody>;
export type TaskWords = Readonly<Record<string, unknown>> & { readonly kind: string };

export interface GivenTask {
  readonly id: string;
  /** Its result, once it has come. */
  readonly result: () => TaskResult | undefined;
}

export interface AgentServer {
  readonly port: number;
  readonly token: string;
  readonly machine: string;
  /** SPKI PEM: for the agent's image. */
  readonly sitePublicKey: string;
  /** Puts a task in line. `spoil` changes the signature or the signed octets. */
  give(words: TaskWords, spoil?: (body: Buffer, signature: Buffer) => { body: Buffer; signature: Buffer }): GivenTask;
  readonly images: Map<string, Buffer>;
  /** The first-boot file system of every task. */
  seed: Buffer;
  /** Asked before each answer with "METHOD target"; `lose` does what was asked for and says nothing, `fail` is a 503. */
  fault: (what: string) => 'lose' | 'fail' | null;
  /** What was refused, and why. */
  readonly refusals: string[];
  readonly requests: string[];
  readonly reports: unknown[];
  readonly progress: { task: string; percent: number; message: string }[];
  readonly log: () => string;
  /** Anything but the agent's routes; answers whether it took the request. */
  other: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Stops answering, as a server that restarts; `resume` listens on the same port again. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  close(): Promise<void>;
}

interface Claimed {
  readonly session: string;
  readonly publicKey: string;
  readonly key: KeyObject;
  lastCounter: number;
}

const json = { 'content-type': 'application/json' };

/** Listens on a free port of 127.0.0.1, or on a socket in the file system. */
export async function startAgentServer({
  socket = null,
  pollSeconds = 1,
}: {
  readonly socket?: string | null;
  readonly pollSeconds?: number;
} = {}): Promise<AgentServer> {
  const site = generateKeyPairSync('ed25519');
  const siteKey = createPrivateKey(site.privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const token = randomBytes(32).toString('base64url');
  const machine = 'machine-1';
  const waiting: { id: string; body: Buffer; signature: Buffer }[] = [];
  const results = new Map<string, TaskResult>();
  const logs: Buffer[] = [];
  let claimed: Claimed | null = null;
  let given = 0;

  const claim = (body: Buffer): [number, object] => {
    const said = claimBody.parse(JSON.parse(body.toString()));
    if (said.token !== token) return [401, { error: { code: 'unknown', message: 'unknown token' } }];
    if (claimed !== null && claimed.publicKey !== said.publicKey) return [409, { error: { code: 'claim-conflict' } }];
    const key = publicKeyOf(Buffer.from(said.publicKey, 'base64'));
    claimed ??= { session: 'session-1', publicKey: said.publicKey, key, lastCounter: 0 };
    return [200, { session: claimed.session, machine, pollSeconds, now: Math.floor(Date.now() / 1000) }];
  };

  const answer = (request: IncomingMessage, response: ServerResponse, body: Buffer): void => {
    const what = `${request.method ?? ''} ${request.url ?? ''}`;
    server.requests.push(what);
    const send = (status: number, headers: object, content: Buffer | string = ''): void => {
      const fault = server.fault(what);
      if (fault === 'lose') request.socket.destroy();
      else if (fault === 'fail') response.writeHead(503, { 'content-length': 0 }).end();
      else response.writeHead(status, { 'content-length': Buffer.byteLength(content), ...headers }).end(content);
    };
    if (what === 'POST /agent/v1/claim') {
      const [status, value] = claim(body);
      if (status !== 200) server.refusals.push(`claim ${status}`);
      send(status, json, JSON.stringify(value));
      return;
    }
    if (!(request.url ?? '').startsWith('/agent/')) {
      if (!server.other(request, response)) send(404, {});
      return;
    }
    const problem = claimed === null ? 'not claimed' : signatureProblem(request, body, claimed);
    if (problem !== null || claimed === null) {
      server.refusals.push(`${what}: ${problem ?? ''}`);
      send(401, json, JSON.stringify({ error: { code: 'bad-signature', message: problem } }));
      return;
    }
    claimed.lastCounter = Number(request.headers['formwork-counter']);
    const [, , , route = '', name = '', last = ''] = (request.url ?? '').split('/');
    if (what === 'GET /agent/v1/task') {
      const next = waiting[0];
      if (next === undefined) send(204, { 'retry-after': '1' });
      else {
        const headers = { 'formwork-task-signature': next.signature.toString('base64'), 'formwork-task-id': next.id };
        send(200, { ...json, ...headers }, next.body);
      }
    } else if (route === 'tasks' && last === 'result') {
      results.set(name, resultBody.parse(JSON.parse(body.toString())));
      if (waiting[0]?.id === name) waiting.shift();
      send(204, {});
    } else if (route === 'tasks' && last === 'progress') {
      const said = z.object({ percent: z.number(), message: z.string() }).parse(JSON.parse(body.toString()));
      server.progress.push({ task: name, ...said });
      send(204, {});
    } else if (route === 'tasks' && last === 'first-boot') {
      send(200, { 'content-type': 'application/octet-stream' }, server.seed);
    } else if (route === 'report') {
      server.reports.push(JSON.parse(body.toString()));
      send(204, {});
    } else if (route === 'log') {
      // A piece whose answer is lost comes again.
      if (server.fault(what) === null) logs.push(body);
      send(204, {});
    } else if (route === 'images') {
      sendImage(name, request, send);
    } else send(404, {});
  };

  const sendImage = (
    name: string,
    request: IncomingMessage,
    send: (status: number, headers: object, content?: Buffer) => void,
  ): void => {
    const image = server.images.get(name);
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (image === undefined || range === null) {
      send(404, {});
      return;
    }
    const [first, end] = [Number(range[1]), Math.min(Number(range[2]) + 1, image.length)];
    const headers = { 'content-range': `bytes ${first}-${end - 1}/${image.length}` };
    if (first >= image.length) send(416, {});
    else send(206, headers, image.subarray(first, end));
  };

  const http = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => answer(request, response, Buffer.concat(pieces)));
    request.on('error', () => undefined);
  });
  const listen = async (at: number): Promise<number> => {
    if (socket === null) http.listen(at, '127.0.0.1');
    else http.listen(socket);
    await once(http, 'listening');
    const address = http.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  };
  const stop = async (): Promise<void> => {
    if (!http.listening) return;
    const closed = once(http, 'close');
    http.close();
    http.closeAllConnections();
    await closed;
  };

  const server: AgentServer = {
    port: await listen(0),
    token,
    machine,
    sitePublicKey: site.publicKey.export({ format: 'pem', type: 'spki' }).toString(),
    give: (words, spoil) => {
      given += 1;
      const id = `task-${given}`;
      const notAfter = Math.floor(Date.now() / 1000) + 3600;
      const task = { id, machine, session: 'session-1', notAfter, ...words };
      const body = Buffer.from(JSON.stringify(task));
      const signature = sign(null, body, siteKey);
      waiting.push({ id, body, signature, ...spoil?.(body, signature) });
      return { id, result: () => results.get(id) };
    },
    images: new Map(),
    seed: Buffer.alloc(0),
    fault: () => null,
    refusals: [],
    requests: [],
    reports: [],
    progress: [],
    log: () => Buffer.concat(logs).toString(),
    other: () => false,
    pause: stop,
    resume: async () => {
      await listen(server.port);
    },
    close: stop,
  };
  return server;
}
