/**
 * Stage one of a metal node: five roles, each of which does what the ones before it left undone, so that `ensureNode` is the
 * last of them. Nothing is remembered but in the machine itself.
 *
 *   allocate            a ready machine is the node's
 *   power-on            it was sent through a network boot, its power verified
 *   discover            its agent runs and has a claimed session
 *   configure-hardware  the site's script has run on it
 *   install-os          the image is written, its own disk has booted and reported its host keys
 *
 * A machine that breaks on the way is `capacity`: the engine comes with its next candidate, and that takes another machine.
 */
import { createHash } from 'node:crypto';
import { chooseMachine, imageWritten, type Machine, type MachineState } from '@formwork/core';
import type { CallContext, NodeRequest, StepResult } from '../../contract.ts';
import { metalFailures } from '../errors.ts';
import { resolveRequest, sameTags, tagsOf } from '../map.ts';
import { bringUp } from './bring-up.ts';
import { installBody, installTokenText } from './install-body.ts';
import { taskOf } from './keeper.ts';
import { change, type MetalSite, moveOn } from './metal-site.ts';

type Step = StepResult<Machine>;

const done = (machine: Machine): Step => ({ state: 'done', outputs: machine });
const pending = (progress: string, retryAfterMs = 1_000): Step => ({ state: 'pending', retryAfterMs, progress });
const failed = (failure: Extract<Step, { state: 'failed' }>['failure']): Step => ({ state: 'failed', failure });

/** Somebody else was faster; the next call sees where it is. */
const movedOn = ({ name }: Machine): string => `${name} has moved on`;

/** States that lead to `ready` by themselves. */
const onTheWay: readonly MachineState[] = ['registering', 'inspecting', 'releasing', 'cleaning', 'testing'];

export async function allocate(site: MetalSite, request: NodeRequest): Promise<Step> {
  const { store, siteId, configuration } = site;
  const [known] = await store.list({ siteId, key: request.key });
  if (known !== undefined) return ofNode(known, request);
  const machines = (await store.list({ siteId })).filter(({ approved, state }) => approved && state !== 'retired');
  const resolved = resolveRequest(request, configuration, machines);
  if (!resolved.ok) return failed(resolved.failure);
  const { wish } = resolved;
  const { tags, key, name, deploymentName, sshPublicKey } = request;
  const wanted = {
    key,
    deploymentId: tags.deploymentId,
    nodeId: tags.nodeId,
    incarnation: tags.incarnation,
    nodeName: name,
    deploymentName,
    image: wish.image,
    sshPublicKey,
  };
  const given = await store.allocate(siteId, wanted, (ready) => chooseMachine(ready, wish), site.actor);
  if (given !== null) return ofNode(given, request);
  const coming = machines.filter(({ state }) => onTheWay.includes(state));
  if (coming.length > 0) return pending(`waits for a machine: ${coming.length} on the way to the pool`);
  const ready = machines.filter(({ state }) => state === 'ready').length;
  return failed(metalFailures.noMachine(ready, machines.length));
}

function ofNode(machine: Machine, request: NodeRequest): Step {
  if (!sameTags(tagsOf(machine), request.tags)) return failed(metalFailures.notOwned(machine.name));
  switch (machine.state) {
    case 'allocated':
    case 'deploying':
    case 'active':
      return done(machine);
    case 'broken':
      return failed(metalFailures.broken(machine));
    case 'rescue':
    case 'maintenance':
      return pending(`${machine.name}: ${machine.reason.message}`, 10_000);
    default:
      return failed(metalFailures.taken(machine));
  }
}

/** One step after what is before it; answers the machine as it then is. */
const after =
  (
    before: (site: MetalSite, request: NodeRequest, context: CallContext) => Promise<Step>,
    step: (site: MetalSite, machine: Machine, context: CallContext) => Promise<Step>,
  ) =>
  async (site: MetalSite, request: NodeRequest, context: CallContext): Promise<Step> => {
    const earlier = await before(site, request, context);
    if (earlier.state !== 'done') return earlier;
    // What comes before the installation is over once that has begun.
    if (earlier.outputs.state !== 'allocated' && step !== install) return earlier;
    return await step(site, earlier.outputs, context);
  };

export const powerOn = after(allocate, async (site, machine, context) => {
  const { started, progress } = await bringUp(site, machine, 'network', context);
  return started ? done(machine) : pending(progress);
});

export const discover = after(powerOn, async (site, machine, context) => {
  const { there, progress } = await bringUp(site, machine, 'network', context);
  return there ? done(machine) : pending(progress);
});

export const configureHardware = after(discover, async (site, machine) => {
  const { hardware } = site.configuration;
  if (hardware === null) return done(machine);
  const body = { script: hardware.script, timeoutSeconds: hardware.timeoutSeconds };
  const task = await site.store.enqueueTask(machine, taskOf(machine, 'run', body, 'configure-hardware'), site.actor);
  if (task === null) return pending(movedOn(machine));
  if (task.state === 'done') return done(machine);
  if (task.state === 'queued' || task.state === 'given') return pending(`${machine.name}: its hardware is configured`);
  const message = task.result?.message ?? 'the hardware script came to no end';
  const broken = await moveOn(site, machine, { kind: 'fail', reason: { code: 'hardware-failed', message } });
  return failed(metalFailures.broken(broken));
});

export const installOs = after(configureHardware, install);

async function install(site: MetalSite, machine: Machine, context: CallContext): Promise<Step> {
  if (machine.state === 'active') return done(machine);
  if (machine.state === 'allocated') {
    const token = await site.keyed(installTokenText(machine, (machine.install?.number ?? 0) + 1));
    const tokenHash = createHash('sha256').update(token).digest('hex');
    const begun = await moveOn(site, machine, { kind: 'deploy', tokenHash, sshPort: site.configuration.ssh.port });
    return begun.state === 'deploying' ? await write(site, begun, context) : pending(`${machine.name}: ${begun.state}`);
  }
  return machine.install?.phase === 'writing'
    ? await write(site, machine, context)
    : await bootDisk(site, machine, context);
}

async function write(site: MetalSite, machine: Machine, context: CallContext): Promise<Step> {
  const body = installBody(machine, site.configuration);
  if (body === null)
    return failed(
      metalFailures.unknownName('image', machine.install?.image ?? '', Object.keys(site.configuration.images)),
    );
  const task = await site.store.enqueueTask(machine, taskOf(machine, 'write-image', body), site.actor);
  switch (task?.state) {
    case undefined:
      return pending(movedOn(machine));
    case 'done':
      return await bootDisk(site, await change(site, machine, imageWritten), context);
    case 'failed':
    case 'cancelled': {
      const message = task.result?.message ?? 'the image was not written in time';
      const broken = await moveOn(site, machine, { kind: 'fail', reason: { code: 'install-failed', message } });
      return failed(metalFailures.broken(broken));
    }
    case 'queued':
    case 'given': {
      const { there, progress } = await bringUp(site, machine, 'network', context);
      const percent = task.progress === null ? '' : `, ${task.progress.percent} %`;
      return pending(there ? `${machine.name}: the image is being written${percent}` : progress);
    }
  }
}

/** The agent restarts it; where the agent is gone, its BMC does. */
async function bootDisk(site: MetalSite, machine: Machine, context: CallContext): Promise<Step> {
  const reboot = await site.store.enqueueTask(machine, taskOf(machine, 'reboot', {}, 'boot-disk'), site.actor);
  if (reboot?.state === 'queued' || reboot?.state === 'given') {
    const { there } = await bringUp(site, machine, 'disk', context);
    if (there) return pending(`${machine.name} restarts`);
  }
  return pending(`${machine.name} boots its disk; it has not reported yet`);
}
