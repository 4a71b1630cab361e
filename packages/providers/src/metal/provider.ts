/**
 * Physical machines as nodes. A node is an allocation of a machine that stands in the inventory (packages/core, machines);
 * nothing is made and nothing destroyed: machines are taken from the pool, installed, released, wiped.
 *
 *   ensureNode: allocate -> power-on -> discover -> configure-hardware -> install-os     destroyNode: release
 */
import type { Machine, MachineStore } from '@formwork/core';
import type { CallContext, OpenOptions, Provider, ProviderModule, StageStep, StepResult } from '../contract.ts';
import { providerError } from '../provider-error.ts';
import { checkSite } from './check.ts';
import { openBmcs } from './client.ts';
import type { MetalConfiguration, MetalCredentials } from './configuration.ts';
import { metalDescriptor } from './descriptor.ts';
import { metalFailureOf, metalFailures } from './errors.ts';
import { addConfiguredMachines } from './machines/configured-machines.ts';
import { createKeeper } from './machines/keeper.ts';
import type { MetalSite } from './machines/metal-site.ts';
import { observe } from './machines/observe.ts';
import { release } from './machines/release.ts';
import { allocate, configureHardware, discover, installOs, powerOn } from './machines/stage-one.ts';
import { switchMachine, switchNode } from './machines/switch.ts';
import { catalogueOf, ownedResources } from './map.ts';
import { withDeadline } from './with-deadline.ts';

export const metalProvider: ProviderModule<MetalConfiguration, MetalCredentials> = {
  descriptor: metalDescriptor,
  open: openMetal,
};

function openMetal(options: OpenOptions<MetalConfiguration, MetalCredentials>): Provider {
  const { configuration, credentials, siteId, log, machines } = options;
  const store = (): MachineStore => {
    if (machines === undefined) throw providerError(metalFailures.noStore());
    return machines.store;
  };
  const bmcs = openBmcs({
    configuration,
    credentials,
    log,
    learned: (id, learnedSuite) => {
      const keep = (machine: Machine): Machine | null =>
        machine.bmc === null
          ? null
          : { ...machine, bmc: { ...machine.bmc, options: { ...machine.bmc.options, learnedSuite } } };
      store()
        .update(id, keep, { actor: site.actor })
        .catch((error: unknown) => log('a learned cipher suite was not kept', { machineId: id, error: String(error) }));
    },
  });
  const site: MetalSite = {
    siteId,
    configuration,
    get store() {
      return store();
    },
    bmcs,
    actor: machines?.actor ?? 'metal',
    keyed: (text) =>
      machines === undefined ? Promise.reject(providerError(metalFailures.noStore())) : machines.keyed(text),
    log,
  };
  const keeper = createKeeper(site);
  let added: Promise<void> | null = null;

  /** Rule 9: one signal for the caller's wish and the call's deadline. */
  const call = <T>(context: CallContext, work: (inner: CallContext) => Promise<T>): Promise<T> =>
    withDeadline(context, async (inner) => {
      try {
        return await work(inner);
      } catch (error) {
        throw providerError(metalFailureOf(inner.signal.aborted ? inner.signal.reason : error), error);
      }
    });
  const step = async <T>(
    context: CallContext,
    work: (inner: CallContext) => Promise<StepResult<T>>,
  ): Promise<StepResult<T>> => {
    try {
      return await call(context, work);
    } catch (error) {
      if (context.signal.aborted) throw error;
      return { state: 'failed', failure: metalFailureOf(error) };
    }
  };
  const stage =
    (work: (of: MetalSite, ...args: Parameters<StageStep>) => Promise<StepResult<Machine>>): StageStep =>
    (request, context) =>
      step(context, async (inner) => {
        const result = await work(site, request, inner);
        return result.state === 'done' ? { ...result, outputs: { machine: result.outputs.name } } : result;
      });

  return {
    check: (context) => call(context, (inner) => checkSite(site, Object.keys(credentials.bmc), inner)),
    catalogue: (context) =>
      call(context, async () => catalogueOf(configuration, await site.store.list({ siteId }), await site.store.now())),
    ensureNode: (request, context) =>
      step(context, async (inner) => {
        const result = await installOs(site, request, inner);
        return result.state === 'done' ? { ...result, outputs: { providerId: result.outputs.id } } : result;
      }),
    observeNode: (node, context) => call(context, (inner) => observe(site, node, inner)),
    destroyNode: (node, context) => step(context, () => release(site, node)),
    listOwned: ({ deploymentId }, context) =>
      call(context, async () =>
        ownedResources(await site.store.list({ siteId, ...(deploymentId === null ? {} : { deploymentId }) })),
      ),
    power: { set: (node, state, context) => step(context, (inner) => switchNode(site, node, state, inner)) },
    machines: {
      power: (id, action, context) => step(context, (inner) => switchMachine(site, id, action, inner)),
      keep: (context) =>
        call(context, async () => {
          added ??= addConfiguredMachines(site);
          await added.catch((error: unknown) => {
            added = null;
            throw error;
          });
          return await keeper.pass();
        }),
    },
    steps: {
      allocate: stage((of, request) => allocate(of, request)),
      'power-on': stage(powerOn),
      discover: stage(discover),
      'configure-hardware': stage(configureHardware),
    },
    async close() {
      await keeper.close();
      await bmcs.close();
    },
  };
}
