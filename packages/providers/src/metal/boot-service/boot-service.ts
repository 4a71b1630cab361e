/**
 * What the boot listener asks: the script of a machine's boot, and the routes of the agent protocol. Each request is decided
 * by pure functions on what the stores hold; here they are only brought together.
 */
import { assertNever, FormworkError } from '@formwork/core';
import { parseAgentRoute, type SignedRoute } from '../agent/agent-route.ts';
import { plainText, refuse } from '../agent/answers.ts';
import { checkSignedRequest, sessionIdOf, type SignedRequest } from '../agent/signed-request.ts';
import { renderBootScript } from '../http-boot/boot-script.ts';
import type { Decided, ForwardedRequest } from '../http-boot/listener/messages.ts';
import { decideScript, decideWithoutStore } from './boot-route.ts';
import { agentSpoke, claimSession, sessionLifetimeMs } from './claim-route.ts';
import type { BootServiceDeps } from './deps.ts';
import { type UsedTokens, giveData, takeInstalled, takeLog, takeReport, takeTokenInstalled } from './machine-routes.ts';
import { giveImage, giveSeed, giveTask, takeProgress, takeResult } from './task-routes.ts';

/** Answers always: what fails is told to `failed`, and the machine to ask again. */
export type BootService = (request: ForwardedRequest) => Promise<Decided>;

/** An agent that speaks more often than this is not written down each time, milliseconds. */
const noteEveryMs = 15_000;

export function createBootService(deps: BootServiceDeps): BootService {
  const notedMs = new Map<string, number>();
  const usedTokens: UsedTokens = new Map();
  const note = async (machineId: string): Promise<void> => {
    const nowMs = deps.nowMs();
    if (nowMs - (notedMs.get(machineId) ?? -Infinity) < noteEveryMs) return;
    notedMs.set(machineId, nowMs);
    await agentSpoke(deps, machineId);
  };

  const script = async (query: string, address: string): Promise<Decided> => {
    const { baseUrl } = deps.site();
    try {
      return plainText(renderBootScript(await decideScript(deps, query, address), { baseUrl }));
    } catch (error) {
      deps.failed(error, '/ipxe');
      return plainText(renderBootScript(decideWithoutStore(deps, query, address), { baseUrl }));
    }
  };

  const ofAgent = async (request: ForwardedRequest, route: SignedRoute): Promise<Decided> => {
    const signed: SignedRequest = {
      ...request,
      session: request.headers['formwork-session'],
      counter: request.headers['formwork-counter'],
      signature: request.headers['formwork-signature'],
    };
    const id = sessionIdOf(signed);
    const session = id === null ? null : await deps.sessions.find(id);
    const checked = checkSignedRequest(session, signed, route, await deps.machines.now());
    if (!checked.ok) {
      // Who asks with another's session, or has lost its own: the machine that it belongs to should know.
      if (session !== null && checked.why === 'other-machine') {
        deps.notice({
          code: 'request-refused',
          machineId: session.machineId,
          address: request.address,
          message: `${request.address} spoke with the session of this machine: ${route.kind}`,
        });
      }
      return refuse(checked.why);
    }
    // Of the same request twice at once one goes through.
    if (!(await deps.sessions.accept(checked.session.id, checked.counter, sessionLifetimeMs)))
      return refuse('replayed');
    if (checked.session.kind !== 'first-boot') await note(checked.session.machineId);
    const { body, address } = request;
    switch (route.kind) {
      case 'report':
        return takeReport(deps, checked.session, body);
      case 'task':
        return giveTask(deps, checked.session);
      case 'progress':
        return takeProgress(deps, checked.session, route.taskId, body);
      case 'result':
        return takeResult(deps, checked.session, route.taskId, body);
      case 'first-boot':
        return giveSeed(deps, checked.session, route.taskId);
      case 'log':
        return takeLog(deps, checked.session, body);
      case 'image':
        return giveImage(deps, checked.session, route.name);
      case 'data':
        return giveData(deps, checked.session, route.file);
      case 'installed':
        return takeInstalled(deps, checked.session, body, address);
      default:
        return assertNever(route);
    }
  };

  return async (request) => {
    const [path = '', ...query] = request.target.split('?');
    if (path === '/ipxe') return script(query.join('?'), request.address);
    const parsed = parseAgentRoute(request.method, path);
    if (!parsed.ok) return refuse(parsed.status === 404 ? 'not-found' : 'not-allowed');
    try {
      const { route } = parsed;
      if (route.kind === 'claim') return await claimSession(deps, request);
      const unsigned = request.headers['formwork-session'] === undefined;
      if (route.kind === 'installed' && unsigned)
        return await takeTokenInstalled(deps, usedTokens, request.body, request.address);
      return await ofAgent(request, route);
    } catch (error) {
      // A machine that was removed while its agent ran: its session is worth nothing.
      if (error instanceof FormworkError && error.kind === 'not-found') return refuse('ended');
      deps.failed(error, path);
      return refuse('busy');
    }
  };
}
