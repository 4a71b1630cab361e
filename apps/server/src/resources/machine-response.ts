import type { MachineItemResponse, MachineResponse } from '@formwork/api';
import { isJsonObject, machineSize } from '@formwork/core';
import type { MachineRecord } from '@formwork/db';
import { toJson } from '../http/to-json.ts';

const time = (ms: number): string => new Date(ms).toISOString();

export function toMachineItem(machine: MachineRecord): MachineItemResponse {
  const size = machineSize(machine);
  const { id, name, site, state, reason, approved, trust, dirty, labels, subnet, identity, version } = machine;
  return {
    id,
    name,
    site,
    state,
    reason,
    since: time(machine.sinceMs),
    deadline: time(machine.deadlineMs),
    approved,
    trust,
    dirty,
    labels,
    subnet,
    identity,
    hardware: size === null ? null : { ...size, product: machine.facts?.dmi.product ?? null },
    power: machine.power.observed,
    node: machine.allocation?.nodeName ?? null,
    deployment: machine.allocation?.deploymentName ?? null,
    image: machine.install?.image ?? null,
    version,
    createdAt: time(machine.createdAtMs),
  };
}

export const toMachineResponse = (machine: MachineRecord): MachineResponse => ({
  ...toMachineItem(machine),
  bmc: machine.bmc === null ? null : { ...machine.bmc, options: { ...machine.bmc.options } },
  facts: machine.facts === null ? null : factsOf(machine.facts),
  factsAt: machine.factsAtMs === null ? null : time(machine.factsAtMs),
});

function factsOf(facts: object): MachineResponse['facts'] {
  const json = toJson(facts);
  return isJsonObject(json) ? json : null;
}
