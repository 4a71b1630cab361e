import { bmcError, bmcFailures } from '../bmc-failures.ts';
import { bmcAgent } from '../http-agent.ts';
import { redfishApi, type RedfishApi } from './redfish-api.ts';
import { json, redfishFailure } from './redfish-failure.ts';
import type { RedfishTarget } from './redfish-target.ts';
import { rootSchema, sessionSchema, type ServiceRoot } from './resource-schemas.ts';

export interface RedfishSession {
  readonly api: RedfishApi;
  readonly root: ServiceRoot;
}

const rootPath = '/redfish/v1/';
const closeWithinMs = 3_000;

/**
 * Opens a session, lets `work` use it and deletes it, whatever happens; BMCs have few. A BMC without a session service
 * gets basic authentication.
 */
export async function withRedfish<T>(
  target: RedfishTarget,
  signal: AbortSignal,
  work: (session: RedfishSession) => Promise<T>,
): Promise<T> {
  const base = new URL(target.baseUrl);
  if (base.protocol !== 'https:' && target.trust.kind !== 'insecure') {
    throw bmcError(
      bmcFailures.invalid('plain-http', 'Redfish without TLS would send the password in clear; ask for it.'),
    );
  }
  const agent = bmcAgent(base.protocol === 'https:', target.trust);
  const apiWith = (authorization: Readonly<Record<string, string>>, within: AbortSignal): RedfishApi =>
    redfishApi({ agent, base, authorization, signal: within, now: target.now });
  try {
    const anybody = apiWith({}, signal);
    const { resource: root } = await anybody.get(rootPath, rootSchema);
    const { authorization, session } = await logIn(target, anybody, root, signal);
    try {
      return await work({ api: apiWith(authorization, signal), root });
    } finally {
      if (session !== null) {
        const closing = apiWith(authorization, AbortSignal.timeout(closeWithinMs));
        await closing.send('DELETE', session).catch(() => undefined);
      }
    }
  } finally {
    agent.destroy();
  }
}

interface LoggedIn {
  readonly authorization: Readonly<Record<string, string>>;
  /** Path of the session, to be deleted; null with basic authentication. */
  readonly session: string | null;
}

async function logIn(
  target: RedfishTarget,
  anybody: RedfishApi,
  root: ServiceRoot,
  signal: AbortSignal,
): Promise<LoggedIn> {
  const { user, password } = await target.credentials(signal);
  const path = root.Links.Sessions?.['@odata.id'] ?? '/redfish/v1/SessionService/Sessions';
  const response = await anybody.send('POST', path, { UserName: user, Password: password });
  const token = response.headers.get('x-auth-token');
  if ((response.status === 201 || response.status === 200) && token !== undefined) {
    const created = sessionSchema.safeParse(json(response.body));
    const location = response.headers.get('location') ?? (created.success ? created.data['@odata.id'] : null);
    return { authorization: { 'x-auth-token': token }, session: location === null ? null : pathOf(location, target) };
  }
  if ([404, 405, 501].includes(response.status) || response.status < 300) {
    const basic = Buffer.from(`${user}:${password}`, 'utf8').toString('base64');
    return { authorization: { authorization: `Basic ${basic}` }, session: null };
  }
  const failure = redfishFailure(response, 'the session', target.now());
  // Some BMCs answer 400 to a wrong password.
  if (failure.kind === 'invalid') {
    throw bmcError(bmcFailures.badCredentials(failure.code, 'The BMC refused the user or the password.'));
  }
  throw bmcError(failure);
}

/** BMCs behind a proxy give locations with a name of their own: only the path counts. */
const pathOf = (location: string, target: RedfishTarget): string => {
  const url = new URL(location, target.baseUrl);
  return url.pathname + url.search;
};
