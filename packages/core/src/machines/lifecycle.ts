/**
 * The lifecycle of a machine as a table: for each state who moves it on, how long it may last, what becomes of it then,
 * and which event leads where. docs/metal/lifecycle.md is drawn from it.
 *
 * `back` is `active` for a machine whose node is installed, else `inspecting`, or `discovered` where nobody approved it. One that another owner's data may be on
 * (`dirty`) becomes `ready` by `cleaned` alone: every other way there leads to `cleaning`.
 */
export const machineStates = [
  'discovered',
  'registering',
  'inspecting',
  'ready',
  'allocated',
  'deploying',
  'active',
  'releasing',
  'cleaning',
  'testing',
  'rescue',
  'maintenance',
  'broken',
  'retired',
] as const;
export type MachineState = (typeof machineStates)[number];

/** What changes a machine's state. */
export const machineEventKinds = [
  'approve',
  'registered',
  'inspected',
  'inspect',
  'test',
  'tested',
  'allocate',
  'deploy',
  'installed',
  'reinstall',
  'release',
  'released',
  'cleaned',
  'rescue',
  'maintain',
  'resume',
  'fail',
  'repair',
  'retire',
  'restore',
] as const;
export type MachineEventKind = (typeof machineEventKinds)[number];

export interface MachineStateRule {
  /** Who moves it on: the keeper of the site's machines, the node's provider steps, or a person. */
  readonly handler: 'keeper' | 'provider' | 'person';
  /** How long the state may last, minutes; `broken` puts the machine there, `remind` tells and starts the clock anew. */
  readonly deadline: { readonly minutes: number; readonly then: 'broken' | 'remind'; readonly reason: string };
  /** What the state means, for its first moment; events may say more. */
  readonly reason: string;
  readonly next: Readonly<Partial<Record<MachineEventKind, MachineState | 'back'>>>;
}

const day = 24 * 60;

export const machineLifecycle: Readonly<Record<MachineState, MachineStateRule>> = {
  discovered: {
    handler: 'person',
    deadline: { minutes: 7 * day, then: 'remind', reason: 'nobody has approved it for a week' },
    reason: 'seen on the network and unknown; waits for approval',
    next: { approve: 'registering', fail: 'broken', retire: 'retired' },
  },
  registering: {
    handler: 'keeper',
    deadline: { minutes: 30, then: 'broken', reason: 'its BMC did not answer in time' },
    reason: 'its BMC is being tried',
    next: { registered: 'inspecting', maintain: 'maintenance', fail: 'broken', retire: 'retired' },
  },
  inspecting: {
    handler: 'keeper',
    deadline: { minutes: 30, then: 'broken', reason: 'it never reported its facts' },
    reason: 'boots the discovery image to report its facts',
    next: { inspected: 'ready', maintain: 'maintenance', fail: 'broken', retire: 'retired' },
  },
  ready: {
    handler: 'keeper',
    deadline: { minutes: 30 * day, then: 'remind', reason: 'its facts are a month old; inspect it' },
    reason: 'in the pool, wiped and inspected',
    next: {
      allocate: 'allocated',
      inspect: 'inspecting',
      test: 'testing',
      maintain: 'maintenance',
      fail: 'broken',
      retire: 'retired',
    },
  },
  allocated: {
    handler: 'provider',
    deadline: { minutes: day, then: 'remind', reason: 'given to a node that did not begin to use it for a day' },
    reason: 'given to a node, nothing written yet',
    next: { deploy: 'deploying', release: 'releasing', fail: 'broken' },
  },
  deploying: {
    handler: 'provider',
    deadline: { minutes: 90, then: 'broken', reason: 'the operating system did not come up in time' },
    reason: 'the operating system is being installed',
    next: { installed: 'active', release: 'releasing', fail: 'broken' },
  },
  active: {
    handler: 'provider',
    deadline: { minutes: 180 * day, then: 'remind', reason: 'in use for half a year; look at its firmware' },
    reason: 'in use; boots its own disk',
    next: { release: 'releasing', reinstall: 'deploying', rescue: 'rescue', maintain: 'maintenance', fail: 'broken' },
  },
  releasing: {
    handler: 'keeper',
    deadline: { minutes: 30, then: 'broken', reason: 'it could not be switched off' },
    reason: 'being taken from its node and switched off',
    next: { released: 'cleaning', fail: 'broken' },
  },
  cleaning: {
    handler: 'keeper',
    deadline: { minutes: day, then: 'broken', reason: 'the wipe did not end in time' },
    reason: 'its disks are being wiped',
    next: { cleaned: 'ready', fail: 'broken' },
  },
  testing: {
    handler: 'keeper',
    deadline: { minutes: 2 * day, then: 'broken', reason: 'the burn-in did not end in time' },
    reason: 'burn-in of CPU, memory and disks',
    next: { tested: 'ready', maintain: 'maintenance', fail: 'broken', retire: 'retired' },
  },
  rescue: {
    handler: 'keeper',
    deadline: { minutes: day, then: 'remind', reason: 'in rescue for a day; end it or say what is wrong' },
    reason: 'boots the rescue image instead of its disk',
    next: { resume: 'back', release: 'releasing', fail: 'broken' },
  },
  maintenance: {
    handler: 'person',
    deadline: { minutes: 7 * day, then: 'remind', reason: 'in maintenance for a week' },
    reason: 'hands off: a person works on it',
    next: { resume: 'back', release: 'releasing', fail: 'broken', retire: 'retired' },
  },
  broken: {
    handler: 'person',
    deadline: { minutes: 7 * day, then: 'remind', reason: 'broken for a week; repair or retire it' },
    reason: 'something went wrong; see the reason',
    next: { repair: 'back', release: 'releasing', maintain: 'maintenance', retire: 'retired' },
  },
  retired: {
    handler: 'person',
    deadline: { minutes: 365 * day, then: 'remind', reason: 'retired for a year; remove it from the inventory' },
    reason: 'out of use; given to nobody',
    next: { restore: 'registering' },
  },
};
