/** The emulated Redfish service apart from its socket: a request in, an answer out. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Control, Machine } from '../machine.ts';
import { patchBoot } from './boot-resource.ts';
import { refuse, type Answer } from './redfish-answer.ts';
import type { RedfishShape } from './redfish-options.ts';
import { collectionAt, mediaPath, resetPath, resourceAt, settingsPath, systemPath, type Media } from './resources.ts';
import type { TokenTable } from './token-table.ts';

export interface Asked {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: unknown;
}

export interface ServiceDeps {
  readonly machine: Machine;
  readonly shape: RedfishShape;
  readonly tokens: TokenTable;
  readonly user: string;
  readonly password: string;
}

const sessionsPath = '/redfish/v1/SessionService/Sessions';
const loginSchema = z.object({ UserName: z.string(), Password: z.string() });
const resetSchema = z.object({ ResetType: z.string() });
const insertSchema = z.looseObject({ Image: z.string() });
const controls: Readonly<Record<string, Control>> = {
  On: 'on',
  ForceOn: 'on',
  ForceOff: 'off',
  GracefulShutdown: 'soft',
  PushPowerButton: 'soft',
  ForceRestart: 'reset',
  PowerCycle: 'cycle',
};

export function createRedfishService({
  machine,
  shape,
  tokens,
  user,
  password,
}: ServiceDeps): (asked: Asked) => Promise<Answer> {
  const media: Media = { image: null };
  const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  let taskLooks = 0;

  const etagOf = (path: string): string => {
    const digest = createHash('sha1')
      .update(JSON.stringify(resourceAt(path, machine, shape, media)))
      .digest('hex')
      .slice(0, 12);
    return shape.etags === 'weak' ? `W/"${digest}"` : `"${digest}"`;
  };
  /** What takes time is a task where the shape says so. */
  const done = (): Answer => {
    if (!shape.tasks) return { status: 204 };
    taskLooks = 0;
    return {
      status: 202,
      headers: { location: '/redfish/v1/TaskService/TaskMonitors/1', 'retry-after': '0' },
      body: {},
    };
  };
  const logIn = (body: unknown): Answer => {
    const login = loginSchema.safeParse(body);
    if (!login.success) return refuse(400, 'PropertyMissing');
    if (login.data.UserName !== user || login.data.Password !== password) return refuse(401, 'NoValidSession');
    const session = machine.faults.noSlots ? null : tokens.open();
    if (session === null) return refuse(503, 'SessionLimitExceeded');
    const at = `${sessionsPath}/${session.id}`;
    const token = { 'x-auth-token': session.token };
    return shape.sessionIn === 'location'
      ? { status: 201, headers: { ...token, location: at }, body: {} }
      : { status: 201, headers: token, body: { '@odata.id': at } };
  };
  const read = (url: URL): Answer => {
    const path = url.pathname.replace(/\/$/, '');
    if (path === '/redfish/v1/TaskService/TaskMonitors/1') {
      taskLooks += 1;
      if (taskLooks < 2) return { status: 202, headers: { 'retry-after': '0' }, body: { TaskState: 'Running' } };
      return { status: 200, body: { TaskState: 'Completed' } };
    }
    const members = collectionAt(path, shape);
    if (members !== null) return page(path, members, Number(url.searchParams.get('$skip') ?? '0'), shape.pageSize);
    const resource = resourceAt(path, machine, shape, media);
    if (resource === null) return refuse(404, 'ResourceMissingAtURI');
    const tagged = shape.etags !== 'none' && (path === systemPath || path === settingsPath);
    return { status: 200, body: resource, headers: tagged ? { etag: etagOf(path) } : {} };
  };
  const precondition = (path: string, ifMatch: string | undefined): Answer | null => {
    if (shape.etags === 'none' || shape.etags === 'optional') return null;
    if (shape.etags === 'never') return ifMatch === undefined ? null : refuse(412, 'PreconditionFailed');
    if (ifMatch === undefined) return refuse(428, 'PreconditionRequired');
    return ifMatch === etagOf(path).replace('W/', '') ? null : refuse(412, 'PreconditionFailed');
  };
  const patch = ({ url, headers, body }: Asked): Answer => {
    const path = url.pathname;
    if (path !== (shape.settings ? settingsPath : systemPath)) return refuse(405, 'OperationNotAllowed');
    return precondition(path, headers['if-match']) ?? patchBoot(machine, shape, body) ?? done();
  };
  const post = async ({ url, body }: Asked): Promise<Answer> => {
    const drive = `${mediaPath(shape)}/2/Actions/VirtualMedia.`;
    if (url.pathname === `${drive}InsertMedia`) {
      const insert = insertSchema.safeParse(body);
      if (!insert.success) return refuse(400, 'ActionParameterMissing');
      if (shape.mediaImageAlone && Object.keys(insert.data).length > 1) return refuse(400, 'ActionParameterUnknown');
      if (media.image !== null) return refuse(409, 'ResourceInUse');
      media.image = insert.data.Image;
    } else if (url.pathname === `${drive}EjectMedia`) media.image = null;
    else if (url.pathname === resetPath) return await reset(body);
    else return refuse(404, 'ResourceMissingAtURI');
    machine.chassis.insert(media.image);
    return { status: 204 };
  };
  const reset = async (body: unknown): Promise<Answer> => {
    const asked = resetSchema.safeParse(body);
    const action =
      asked.success && shape.resetTypes.includes(asked.data.ResetType) ? controls[asked.data.ResetType] : undefined;
    if (action === undefined) return refuse(400, 'ActionParameterNotSupported');
    if (!(await machine.control(action))) return refuse(409, 'ResourceInStandby');
    return done();
  };

  return async (asked) => {
    const { method, url, headers } = asked;
    const status = machine.faults.httpStatuses.shift();
    if (status !== undefined) {
      return {
        ...refuse(status, 'GeneralError'),
        headers: status === 503 || status === 429 ? { 'retry-after': '1' } : {},
      };
    }
    if (url.pathname === '/redfish/v1/') {
      if (shape.redirectTo !== null) return { status: 308, headers: { location: shape.redirectTo } };
      return read(url);
    }
    if (url.pathname === '/redfish/v1' && method === 'GET') return read(url);
    if (url.pathname === sessionsPath && method === 'POST')
      return shape.sessions ? logIn(asked.body) : refuse(404, 'ResourceMissingAtURI');
    if (!tokens.known(headers['x-auth-token']) && headers['authorization'] !== basic)
      return refuse(401, 'NoValidSession');
    if (method === 'DELETE') {
      const id = url.pathname.slice(sessionsPath.length + 1);
      return tokens.close(id) ? { status: 204 } : refuse(404, 'ResourceMissingAtURI');
    }
    if (method === 'GET') return read(url);
    if (method === 'PATCH') return patch(asked);
    return method === 'POST' ? await post(asked) : refuse(405, 'OperationNotAllowed');
  };
}

function page(path: string, members: readonly string[], skip: number, size: number): Answer {
  const end = size === 0 ? members.length : skip + size;
  return {
    status: 200,
    body: {
      Members: members.slice(skip, end).map((member) => ({ '@odata.id': member })),
      'Members@odata.count': members.length,
      ...(end < members.length ? { 'Members@odata.nextLink': `${path}?$skip=${end}` } : {}),
    },
  };
}
