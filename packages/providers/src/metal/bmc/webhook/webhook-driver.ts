import { bmcError, bmcFailures } from '../bmc-failures.ts';
import type { BmcDriver } from '../driver.ts';
import { bmcAgent, type TlsTrust } from '../http-agent.ts';
import { httpRequest, type HttpResponse } from '../http-request.ts';
import { retryAfterMs } from '../retry-after.ts';
import type { WebhookConfiguration, WebhookRequest } from './webhook-configuration.ts';
import { readStatus } from './webhook-status.ts';

export interface WebhookDeps {
  readonly configuration: WebhookConfiguration;
  readonly trust: TlsTrust;
  /** The value of a secret by its name, at the moment of use. */
  readonly secret: (name: string, signal: AbortSignal) => Promise<string>;
  /** Milliseconds since the epoch, for Retry-After. */
  readonly now: () => number;
}

const mostBytes = 64 * 1024;

/** Power by webhooks. Redirects are not followed: the headers may hold secrets. */
export function webhookDriver({ configuration, trust, secret, now }: WebhookDeps): BmcDriver {
  const call = async (what: string, request: WebhookRequest, signal: AbortSignal): Promise<string> => {
    const url = new URL(request.url);
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(request.headers)) {
      headers[name.toLowerCase()] = typeof value === 'string' ? value : await secret(value.secret, signal);
    }
    const agent = bmcAgent(url.protocol === 'https:', trust);
    try {
      const { method, body } = request;
      const sent = { method, url, headers, ...(body === undefined ? {} : { body }) };
      const response = await httpRequest(agent, sent, mostBytes, signal);
      if (response.status >= 200 && response.status < 300) return response.body;
      throw bmcError(failureOfStatus(what, response, now()));
    } finally {
      agent.destroy();
    }
  };
  const power: BmcDriver['power'] = async (signal) => {
    const state = readStatus(await call('status', configuration.status.request, signal), configuration.status);
    if (!state.ok) throw bmcError(bmcFailures.garbled('status', state.reason));
    return state.value;
  };

  return {
    kind: 'webhook',
    power,
    async setPower(action, signal) {
      if (action === 'cycle') {
        await call('off', configuration.off, signal);
        await call('on', configuration.on, signal);
        return;
      }
      const request = configuration[action];
      if (request === undefined) throw bmcError(bmcFailures.unsupported(`power ${action} by webhook`));
      await call(action, request, signal);
    },
    close: () => Promise.resolve(),
  };
}

function failureOfStatus(what: string, { status, headers }: HttpResponse, nowMs: number) {
  const message = `The webhook ${what} answered HTTP ${status}.`;
  const code = `http-${status}`;
  if (status === 401 || status === 403) return bmcFailures.badCredentials(code, message);
  if (status === 429 || status === 503) {
    return bmcFailures.busy(code, message, retryAfterMs(headers.get('retry-after'), nowMs) ?? 2_000);
  }
  if (status === 404) return bmcFailures.of('not-found', code, message);
  return status >= 500 ? bmcFailures.of('unavailable', code, message) : bmcFailures.invalid(code, message);
}
