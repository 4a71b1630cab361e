import { isInstalled, type Machine } from '@formwork/core';
import type { CallContext, Observation, NodeReference } from '../../contract.ts';
import { probeSsh } from '../../ssh-probe.ts';
import { nodeFacts, sameTags, tagsOf } from '../map.ts';
import type { MetalSite } from './metal-site.ts';

const probeTimeoutMs = 2_000;

/** The machine of a node, by key, by its id, or by the node alone; null when it has none. Not judged by its tags. */
export async function findMachine(site: MetalSite, node: NodeReference): Promise<Machine | null> {
  const { store, siteId } = site;
  const [byKey] = await store.list({ siteId, key: node.key });
  if (byKey !== undefined) return byKey;
  const byId = node.providerId === null ? null : await store.get(node.providerId);
  return byId?.allocation == null ? null : byId;
}

const absent = (site: MetalSite, message: string): Observation => ({
  state: 'absent',
  ready: false,
  providerId: null,
  addresses: [],
  hostKey: null,
  user: site.configuration.ssh.user,
  facts: {},
  message,
});

export async function observe(site: MetalSite, node: NodeReference, context: CallContext): Promise<Observation> {
  const machine = await findMachine(site, node);
  if (machine === null) return absent(site, `${node.name} has no machine`);
  if (!sameTags(tagsOf(machine), node.tags)) return absent(site, `machine ${machine.name} belongs to another node`);
  const { install, reason } = machine;
  const hostKey = install?.hostKeys.find((key) => key.startsWith('ssh-ed25519 ')) ?? null;
  const seen = {
    providerId: machine.id,
    addresses:
      install?.address == null
        ? []
        : [{ host: install.address, port: install.port, family: 4 as const, scope: 'private' as const }],
    hostKey: hostKey === null ? null : { publicKey: hostKey, trust: 'pinned' as const },
    user: site.configuration.ssh.user,
    facts: nodeFacts(machine, site.configuration),
  };
  const says = (state: Observation['state'], message: string, ready = false): Observation => ({
    ...seen,
    state,
    ready,
    message: `${node.name} on machine ${machine.name} ${message}`,
  });
  if (machine.state === 'broken' && !isInstalled(machine)) return says('failed', `is broken: ${reason.message}`);
  if (machine.state === 'releasing') return says('stopped', 'is being released');
  if (machine.state === 'rescue') return says('running', 'is in rescue; SSH is not that of the node');
  if (!isInstalled(machine) || install?.address == null) return says('creating', `is ${machine.state}`);
  const { address: host, port } = install;
  const { signal } = context;
  const key = await probeSsh({ host, port, signal, timeoutMs: Math.min(probeTimeoutMs, context.timeoutMs) });
  if (key !== null && install.hostKeys.includes(key)) return says('running', 'answers on SSH', true);
  if (key !== null) return says('running', 'answers on SSH with a host key that its installation did not report');
  return (await isOff(site, machine, context))
    ? says('stopped', 'is switched off')
    : says('running', 'does not answer on SSH yet');
}

/** Only a BMC that says so: one that is silent says nothing of its machine. */
async function isOff(site: MetalSite, machine: Machine, context: CallContext): Promise<boolean> {
  const bmc = site.bmcs.of(machine);
  if (bmc === null) return false;
  try {
    return (await bmc.power(context)) === 'off';
  } catch (error) {
    if (context.signal.aborted) throw error;
    return false;
  }
}
