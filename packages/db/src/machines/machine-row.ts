import type { Machine, MachineIdentity, MachineState } from '@formwork/core';
import { machineLifecycle, uuidKey } from '@formwork/core';

/** A row of `machines`. JSON columns were written by this folder alone, in these shapes. */
export interface MachineColumns {
  readonly id: string;
  readonly site_id: string;
  readonly name: string;
  readonly state: MachineState;
  readonly reason: Machine['reason'];
  readonly since: Date;
  readonly deadline: Date;
  readonly approved: boolean;
  readonly trust: Machine['trust'];
  readonly dirty: boolean;
  readonly identity: MachineIdentity;
  readonly labels: Readonly<Record<string, string>>;
  readonly subnet: string | null;
  readonly bmc: Machine['bmc'];
  readonly facts: Machine['facts'];
  readonly facts_at: Date | null;
  readonly allocation: Machine['allocation'];
  readonly install: Machine['install'];
  readonly power: Machine['power'];
  readonly version: number;
  readonly created_at: Date;
}

/** Of a table that goes by this name. */
export const machineColumns = (alias: string): string =>
  [
    'id',
    'site_id',
    'name',
    'state',
    'reason',
    'since',
    'deadline',
    'approved',
    'trust',
    'dirty',
    'identity',
    'labels',
    'subnet',
    'bmc',
    'facts',
    'facts_at',
    'allocation',
    'install',
    'power',
    'version',
    'created_at',
  ]
    .map((column) => `${alias}.${column}`)
    .join(', ');

export const parseMachine = (row: MachineColumns): Machine => ({
  id: row.id,
  siteId: row.site_id,
  name: row.name,
  state: row.state,
  reason: row.reason,
  sinceMs: row.since.getTime(),
  deadlineMs: row.deadline.getTime(),
  approved: row.approved,
  trust: row.trust,
  dirty: row.dirty,
  identity: row.identity,
  labels: row.labels,
  subnet: row.subnet,
  bmc: row.bmc,
  facts: row.facts,
  factsAtMs: row.facts_at?.getTime() ?? null,
  allocation: row.allocation,
  install: row.install,
  power: row.power,
  version: row.version,
  createdAtMs: row.created_at.getTime(),
});

/** What may change in a row, $2 to $21; $1 is the id. */
export const writtenColumns = `name = $2, state = $3, reason = $4, since = $5, deadline = $6, approved = $7, trust = $8, dirty = $9,
  identity = $10, marks = $11, labels = $12, subnet = $13, bmc = $14, facts = $15, facts_at = $16, allocation = $17,
  allocation_key = $18, deployment_id = $19, node_id = $20, install = $21, power = $22`;

const json = (value: unknown): string | null => (value === null ? null : JSON.stringify(value));
const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

export const writtenValues = (machine: Machine): readonly unknown[] => [
  machine.id,
  machine.name,
  machine.state,
  json(machine.reason),
  time(machine.sinceMs),
  time(machine.deadlineMs),
  machine.approved,
  machine.trust,
  machine.dirty,
  json(machine.identity),
  marksOf(machine.identity),
  json(machine.labels),
  machine.subnet,
  json(machine.bmc),
  json(machine.facts),
  time(machine.factsAtMs),
  json(machine.allocation),
  machine.allocation?.key ?? null,
  machine.allocation?.deploymentId ?? null,
  machine.allocation?.nodeId ?? null,
  json(machine.install),
  json(machine.power),
];

/** What two machines that may be one have in common. */
export function marksOf({ uuid, serial, boardSerial, macs }: MachineIdentity): readonly string[] {
  return [
    ...(uuid === null ? [] : [`uuid:${uuidKey(uuid)}`]),
    ...(serial === null ? [] : [`serial:${serial}`]),
    ...(boardSerial === null ? [] : [`board:${boardSerial}`]),
    ...macs.map((mac) => `mac:${mac}`),
  ];
}

/** A state that somebody moves on is looked at at once, the others when they have lasted too long. */
export const lookAtOf = (machine: Machine, nowMs: number): string =>
  new Date(machineLifecycle[machine.state].handler === 'keeper' ? nowMs : machine.deadlineMs).toISOString();
