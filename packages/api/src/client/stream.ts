import { setTimeout as sleep } from 'node:timers/promises';
import { FormworkError } from '@formwork/core';
import type { RouteContract } from '../contract.ts';
import { parseJson } from './failure.ts';
import { buildRequest, type RawInput } from './request.ts';
import { readSse } from './sse.ts';
import { send, type TransportOptions } from './transport.ts';

export interface StreamOptions {
  readonly signal?: AbortSignal;
  /** Resumes after this event. */
  readonly lastEventId?: string;
  /** A connection on which nothing came for so long is given up; the server sends a comment every 15 s. */
  readonly idleMs?: number;
  /** Told before each wait for a new connection. */
  readonly onReconnect?: (failure: unknown, delayMs: number) => void;
}

export interface RawStreamEvent {
  readonly event: string;
  readonly id: string | null;
  readonly data: unknown;
}

const firstDelayMs = 250;
const greatestDelayMs = 10_000;

/**
 * The events of a stream, over any number of connections: a lost one is made again with `Last-Event-ID` and back-off.
 * Ends after the server's event `end`, or quietly when `signal` is aborted. Throws what no waiting cures.
 */
export async function* openStream(
  contract: RouteContract,
  input: RawInput,
  stream: StreamOptions,
  transport: TransportOptions,
): AsyncGenerator<RawStreamEvent, void, undefined> {
  const events = contract.stream ?? {};
  const signal = stream.signal ?? new AbortController().signal;
  const isAborted = () => signal.aborted;
  const request = buildRequest(transport.baseUrl, contract, input);
  let lastId = stream.lastEventId ?? null;
  let delayMs = firstDelayMs;
  while (!isAborted()) {
    let failure: unknown = null;
    const idle = createIdleTimer(stream.idleMs ?? 45_000);
    try {
      const headers = lastId === null ? request.headers : { ...request.headers, 'last-event-id': lastId };
      const both = AbortSignal.any([signal, idle.signal]);
      const response = await send({ ...request, headers }, 'text/event-stream', both, transport);
      if (response.body === null) throw new FormworkError('internal', 'bad-response', 'the stream has no body');
      for await (const message of readSse(response.body, idle.reset)) {
        delayMs = firstDelayMs;
        if (message.id !== null) lastId = message.id;
        const data = events[message.event]?.safeParse(parseJson(message.data));
        // Events that this version does not know are passed over, so that a newer server can add some.
        if (data?.success === true) yield { event: message.event, id: message.id, data: data.data };
        if (message.event === 'end') return;
      }
    } catch (error) {
      if (error instanceof FormworkError && error.kind !== 'retryable') throw error;
      failure = error;
    } finally {
      idle.stop();
    }
    if (isAborted()) return;
    const waitMs = Math.round(delayMs * (0.75 + Math.random() / 2));
    stream.onReconnect?.(failure, waitMs);
    await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    delayMs = Math.min(delayMs * 2, greatestDelayMs);
  }
}

function createIdleTimer(idleMs: number) {
  const controller = new AbortController();
  const start = () => setTimeout(() => controller.abort(new Error(`nothing came for ${idleMs} ms`)), idleMs);
  let timer = start();
  return {
    signal: controller.signal,
    reset: () => {
      clearTimeout(timer);
      timer = start();
    },
    stop: () => {
      clearTimeout(timer);
    },
  };
}
