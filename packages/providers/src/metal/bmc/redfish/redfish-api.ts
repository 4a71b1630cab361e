/**
 * Requests within one Redfish session: redirects on the same host alone, busy answers asked again, tasks waited for,
 * collections read page by page. All bounded.
 */
import type { Agent } from 'node:http';
import type { z } from 'zod';
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import { httpRequest, type HttpResponse } from '../http-request.ts';
import { pause } from '../../../pause.ts';
import { retryAfterMs } from '../retry-after.ts';
import { json, redfishFailure } from './redfish-failure.ts';
import { collectionSchema, taskSchema } from './resource-schemas.ts';

export interface RedfishApi {
  /** @throws the failure of redfish-failure.ts; `unavailable`, code `garbled-answer`, for what is no such resource. */
  get<T>(path: string, schema: z.ZodType<T>): Promise<{ readonly resource: T; readonly etag: string | null }>;
  /** Every status is an answer. */
  send(method: 'PATCH' | 'POST' | 'DELETE', path: string, body?: unknown, headers?: Headers): Promise<HttpResponse>;
  /** Waits for the task that an answer with status 202 speaks of. @throws when it fails. */
  finish(answer: HttpResponse, during: string): Promise<void>;
  /** Posts an action and waits for its task where it starts one. @throws when either fails. */
  act(path: string, body: unknown): Promise<void>;
  /** Ids of the members of a collection, all pages. */
  members(path: string): Promise<readonly string[]>;
}
type Headers = Readonly<Record<string, string>>;

export interface ApiDeps {
  readonly agent: Agent;
  readonly base: URL;
  readonly authorization: Headers;
  readonly signal: AbortSignal;
  /** Milliseconds since the epoch, for Retry-After. */
  readonly now: () => number;
}

const mostBytes = 4 * 1024 * 1024;
const mostRedirects = 5;
const mostBusy = 3;
const mostPages = 50;
const mostMembers = 1_000;
const taskPollMs = 1_000;

export function redfishApi({ agent, base, authorization, signal, now }: ApiDeps): RedfishApi {
  /** @throws `invalid` for another host: a BMC has no business sending us, and our token, elsewhere. */
  const locate = (path: string): URL => {
    const url = new URL(path, base);
    if (url.origin !== base.origin) {
      throw bmcError(bmcFailures.invalid('foreign-redirect', 'The BMC points to another host; it is not followed.'));
    }
    return url;
  };
  const once = async (method: string, path: string, body: unknown, headers: Headers): Promise<HttpResponse> => {
    let url = locate(path);
    for (let redirects = 0; ; redirects += 1) {
      const response = await httpRequest(
        agent,
        {
          method,
          url,
          headers: {
            accept: 'application/json',
            'odata-version': '4.0',
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...authorization,
            ...headers,
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        },
        mostBytes,
        signal,
      );
      const location = response.headers.get('location');
      const moved = [301, 302, 307, 308].includes(response.status) && location !== undefined;
      if (!moved || (method !== 'GET' && response.status < 307)) return response;
      if (redirects === mostRedirects)
        throw bmcError(bmcFailures.garbled(`${method} ${path}`, 'redirects in a circle'));
      url = locate(location);
    }
  };
  const send = async (method: string, path: string, body?: unknown, headers: Headers = {}): Promise<HttpResponse> => {
    for (let busy = 1; ; busy += 1) {
      const response = await once(method, path, body, headers);
      if ((response.status !== 503 && response.status !== 429) || busy === mostBusy) return response;
      await pause(retryAfterMs(response.headers.get('retry-after'), now()) ?? 1_000, signal);
    }
  };
  const accepted = (response: HttpResponse, during: string): HttpResponse => {
    if (response.status >= 200 && response.status < 300) return response;
    throw bmcError(redfishFailure(response, during, now()));
  };
  const get: RedfishApi['get'] = async (path, schema) => {
    const response = accepted(await send('GET', path), `GET ${path}`);
    const read = schema.safeParse(json(response.body));
    if (!read.success) throw bmcError(bmcFailures.garbled(`GET ${path}`, 'it is no such resource'));
    return { resource: read.data, etag: response.headers.get('etag') ?? null };
  };
  /** A task monitor answers 202 until the task is over (DSP0266, asynchronous operations). */
  const finished = async (started: HttpResponse, during: string): Promise<void> => {
    const monitor = started.headers.get('location');
    if (started.status !== 202 || monitor === undefined) return;
    for (let response = started; response.status === 202; ) {
      await pause(retryAfterMs(response.headers.get('retry-after'), now()) ?? taskPollMs, signal);
      response = accepted(await send('GET', monitor), `the task of ${during}`);
      const task = taskSchema.safeParse(json(response.body));
      const state = task.success ? task.data.TaskState : null;
      if (state === 'Completed') return;
      if (state !== null && ['Exception', 'Killed', 'Cancelled', 'Interrupted'].includes(state)) {
        throw bmcError(
          bmcFailures.of('unavailable', `task-${state}`, `The BMC's task of ${during} ended as ${state}.`),
        );
      }
    }
  };

  return {
    get,
    send,
    finish: finished,
    async act(path, body) {
      const response = accepted(await send('POST', path, body), `POST ${path}`);
      await finished(response, `POST ${path}`);
    },
    async members(path) {
      const ids: string[] = [];
      let next: string | null = path;
      for (let page = 0; next !== null && page < mostPages && ids.length < mostMembers; page += 1) {
        const { resource }: { resource: z.infer<typeof collectionSchema> } = await get(next, collectionSchema);
        ids.push(...resource.Members.map((member) => member['@odata.id']));
        next = resource['Members@odata.nextLink'] ?? resource['@odata.nextLink'];
      }
      return ids.slice(0, mostMembers);
    },
  };
}
