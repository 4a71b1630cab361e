/**
 * Where machines are kept, as the boot service and the metal provider use it; packages/db has it on Postgres. Any worker may
 * call at any time: what must not collide is one transaction here. Times are those of the database.
 */
import type { Sighting, SightingLimits } from './discovery-limits.ts';
import type { Machine, MachineAllocation, MachineIdentity } from './machine.ts';
import type { MachineChanged } from './machine-event.ts';
import type { MachineState } from './lifecycle.ts';
import type { MachineTask, MachineTaskResult, NewMachineTask } from './machine-task.ts';

export interface MachineQuery {
  readonly siteId: string;
  readonly states?: readonly MachineState[];
  readonly name?: string;
  readonly mac?: string;
  readonly deploymentId?: string;
  readonly nodeId?: string;
  /** Key of an allocation. */
  readonly key?: string;
}

/** What a new machine begins with; everything else has its default. */
export type NewMachine = Pick<
  Machine,
  'siteId' | 'name' | 'state' | 'reason' | 'approved' | 'trust' | 'identity' | 'labels' | 'subnet' | 'bmc'
>;

/** `unknown`: it was taken in now. `refused`: the caps of its subnet are reached; `reason` is for the machine's screen. */
export type Sighted =
  | { readonly kind: 'known' | 'unknown'; readonly machine: Machine }
  /** Several known machines fit it equally well: a person has to say which. */
  | { readonly kind: 'ambiguous'; readonly machines: readonly Machine[] }
  | { readonly kind: 'refused'; readonly code: string; readonly reason: string; readonly seconds: number };

export interface MachineStore {
  /** Milliseconds since the epoch, by the database's clock. */
  now(): Promise<number>;
  list(query: MachineQuery): Promise<readonly Machine[]>;
  get(id: string): Promise<Machine | null>;
  /** All machines of the site that share a UUID, a serial or a MAC with it: `matchIdentity` judges them. */
  findByIdentity(siteId: string, identity: MachineIdentity): Promise<readonly Machine[]>;
  /** @throws `conflict` `already-exists` when the name is taken in the site. */
  create(machine: NewMachine, actor: string): Promise<Machine>;
  /**
   * The machine that was seen, made when nobody knows it and the limits allow it. Two sightings at once make one machine.
   */
  sight(sighting: Sighting, limits: SightingLimits, actor: string): Promise<Sighted>;
  /**
   * Reads the machine, lets `change` say what it becomes and writes that, in one transaction that holds the row; `change` is
   * pure and may be called again. Null from it writes nothing. Answers the machine as it then is. A change of state is an
   * event, and ends the tasks of the state before.
   * @throws `not-found` when there is none; `conflict` with code and message of a refused event;
   *   `conflict` `precondition-failed` when `expectedVersion` is another.
   */
  update(
    id: string,
    change: (machine: Machine, nowMs: number) => Machine | MachineChanged | null,
    by: {
      readonly actor: string;
      readonly expectedVersion?: number;
      /** A name that is taken gets a number; without it that is a conflict. `{number}` in a name is always filled in. */
      readonly freeName?: boolean;
    },
  ): Promise<Machine>;
  /**
   * Gives one of the site's ready machines to a node: the one that already has this key, else what `choose` takes of the
   * ready ones. Two at once never get one machine. Null when `choose` takes none.
   */
  allocate(
    siteId: string,
    allocation: Omit<MachineAllocation, 'atMs'>,
    choose: (ready: readonly Machine[]) => Machine | null,
    actor: string,
  ): Promise<Machine | null>;
  /** Forgets a machine; only a retired or discovered one may go. @throws `conflict` `in-use`. */
  remove(id: string, by: { readonly actor: string; readonly expectedVersion?: number }): Promise<void>;
  /**
   * Takes machines of the site whose turn has come, at most `most`: nobody else gets them for `leaseMs`. A machine in a
   * state without a keeper comes up when its deadline has passed.
   */
  takeDue(siteId: string, leaseMs: number, most: number): Promise<readonly Machine[]>;
  /** Ends what `takeDue` took: when it is given out next, unless something happens, or happened, before. */
  lookAgain(id: string, inMs: number): Promise<void>;

  /**
   * The open or finished task of that purpose and kind since the machine's state began, made if there is none. Null when that
   * state is over: what was meant for it must not happen in the next.
   */
  enqueueTask(
    machine: Pick<Machine, 'id' | 'sinceMs'>,
    task: NewMachineTask,
    actor: string,
  ): Promise<MachineTask | null>;
  /**
   * The oldest task that is not over, now this session's. What a session before it had is done again, but what ends a session
   * (reboot, kexec, power-off) is done. Null when there is none.
   */
  nextTask(machineId: string, session: string): Promise<MachineTask | null>;
  /** False when the task is not of that machine and session, or over. */
  taskProgress(
    machineId: string,
    taskId: string,
    progress: { readonly percent: number; readonly message: string },
  ): Promise<boolean>;
  /** Records the first answer; a repeated one changes nothing. Null when there is no such task of that machine. */
  finishTask(machineId: string, taskId: string, result: MachineTaskResult): Promise<MachineTask | null>;
  /** Newest last. */
  tasks(machineId: string): Promise<readonly MachineTask[]>;
}
