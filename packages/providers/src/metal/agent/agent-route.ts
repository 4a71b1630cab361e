/**
 * The routes of the agent protocol (docs/metal/boot.md), by method and path. A path is taken as it came, never decoded and
 * tidied: what is not exactly one of these is nothing.
 */
export type AgentRoute = { readonly kind: 'claim' } | SignedRoute;

/** What a claimed session alone may do. */
export type SignedRoute =
  | { readonly kind: 'report' | 'task' | 'log' | 'installed' }
  | { readonly kind: 'progress' | 'result' | 'first-boot'; readonly taskId: string }
  | { readonly kind: 'image'; readonly name: string }
  /** `meta-data`, `latest/meta-data/hostname` and the like. */
  | { readonly kind: 'data'; readonly file: string };

export type ParsedRoute =
  | { readonly ok: true; readonly route: AgentRoute }
  | { readonly ok: false; readonly status: 404 | 405 };

type Method = 'GET' | 'POST';

const base = '/agent/v1/';
const uuid = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
/** A file, in a few folders perhaps; none of them hidden, none of them `..`. */
const imageSegment = '[A-Za-z0-9][A-Za-z0-9._-]{0,127}';
const imageName = `${imageSegment}(?:/${imageSegment}){0,4}`;
const plain = new Map<
  string,
  { readonly method: Method; readonly kind: 'claim' | 'report' | 'task' | 'log' | 'installed' }
>([
  ['claim', { method: 'POST', kind: 'claim' }],
  ['report', { method: 'POST', kind: 'report' }],
  ['task', { method: 'GET', kind: 'task' }],
  ['log', { method: 'POST', kind: 'log' }],
  ['installed', { method: 'POST', kind: 'installed' }],
]);
const ofTask = new RegExp(`^tasks/(${uuid})/(progress|result|first-boot)$`);
const ofImage = new RegExp(`^images/(${imageName})$`);
const ofData = /^data\/([A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]*){0,8})$/;

/** HEAD is GET, as everywhere in HTTP. */
export function parseAgentRoute(method: string, path: string): ParsedRoute {
  const found = path.startsWith(base) ? routeAt(path.slice(base.length)) : null;
  if (found === null) return { ok: false, status: 404 };
  return found.method === (method === 'HEAD' ? 'GET' : method)
    ? { ok: true, route: found.route }
    : { ok: false, status: 405 };
}

function routeAt(rest: string): { readonly method: Method; readonly route: AgentRoute } | null {
  const known = plain.get(rest);
  if (known !== undefined) return { method: known.method, route: { kind: known.kind } };
  const [, taskId, what] = ofTask.exec(rest) ?? [];
  if (taskId !== undefined && (what === 'progress' || what === 'result')) {
    return { method: 'POST', route: { kind: what, taskId } };
  }
  if (taskId !== undefined) return { method: 'GET', route: { kind: 'first-boot', taskId } };
  const name = ofImage.exec(rest)?.[1];
  if (name !== undefined) return { method: 'GET', route: { kind: 'image', name } };
  const file = ofData.exec(rest)?.[1];
  return file === undefined ? null : { method: 'GET', route: { kind: 'data', file } };
}
