import type { Bindings } from '../graph/binding.ts';
import { indexContent } from '../graph/content-index.ts';
import type { Edge, Vertex } from '../graph.ts';
import type { RoleDefinition } from '../role.ts';
import type { Outcome } from './claim-and-finish.ts';
import type { AttemptRecord, Machine } from './machine.ts';
import { bindRun, type Proposal } from './planning.ts';
import type { Rules } from './rules.ts';
import type { RunView } from './run-view.ts';
import type { SmallContent, Wish } from './small-content.ts';
import type { StepContext } from './step-context.ts';
import { type Attempt, type Job, newStore, type Run, type Store } from './store.ts';
import { newWatch, type Watch } from './watch.ts';
import type { Placed } from './candidates.ts';

/** Vertices and the edges that lead to them, by key. */
export interface GraphParents {
  readonly vertices: ReadonlyMap<string, Vertex>;
  readonly parents: ReadonlyMap<string, readonly Edge[]>;
}

/** One job in a worker's hands: packages/workflows/src/worker/handle-step.ts, cut where it waits. */
export interface Task {
  readonly id: string;
  readonly rowId: string;
  readonly dispatch: number;
  stage: 'got' | 'read' | 'claimed' | 'inputs' | 'marked' | 'attached' | 'result' | 'over';
  tries: number;
  context: StepContext | null;
  attempt: Attempt | null;
  fence: number;
  /** It was asked to stop, and knows. */
  abort: boolean;
  machine: Machine | null;
  record: AttemptRecord | null;
  outcome: Outcome | null;
}

export interface Worker {
  readonly id: string;
  frozen: boolean;
  tasks: Task[];
}

/** What the scheduler remembers; thrown away when it dies, since the database knows it all. */
export interface SchedulerMemory {
  view: RunView | null;
  readEvents: number;
  phase: number;
  decided: readonly Placed[];
  refusedForGood: ReadonlySet<string>;
}

/** Everything of the model: the database, the queue, the processes, the machines, and those who ask. */
export interface House {
  readonly rules: Rules;
  readonly content: SmallContent;
  readonly roles: ReadonlyMap<string, RoleDefinition>;
  readonly store: Store;
  readonly queue: Job[];
  /** What was ever on the queue: any of it may come again. */
  readonly sent: Job[];
  readonly machines: Map<string, Machine>;
  readonly workers: Worker[];
  scheduler: SchedulerMemory;
  readonly frames: Map<string, Bindings | null>;
  /** Parents by vertex, by run: for the invariants. */
  readonly graphs: Map<string, GraphParents>;
  wish: Wish;
  formerWish: Wish;
  proposal: Proposal | null;
  /** A look at a machine that has been taken and is not written yet. */
  look: { readonly nodeId: string; readonly state: 'ready' | 'unreachable'; readonly lost: boolean } | null;
  readonly watch: Watch;
}

export const freshMemory = (): SchedulerMemory => ({
  view: null,
  readEvents: -1,
  phase: 0,
  decided: [],
  refusedForGood: new Set(),
});

export function newHouse(rules: Rules, content: SmallContent, wish: Wish): House {
  return {
    rules,
    content,
    roles: indexContent(content.content).roles,
    store: newStore(),
    queue: [],
    sent: [],
    machines: new Map(),
    workers: ['w0', 'w1', 'w2'].map((id) => ({ id, frozen: false, tasks: [] })),
    scheduler: freshMemory(),
    frames: new Map(),
    graphs: new Map(),
    wish,
    formerWish: { ...wish, a: (wish.a % 3) + 1, v: 1 },
    proposal: null,
    look: null,
    watch: newWatch(),
  };
}

/** What stays the same for all node-roles of a run, read when it is first needed. */
export function frameOf(house: House): (run: Run) => Bindings | null {
  return (run) => {
    const known = house.frames.get(run.id);
    if (known !== undefined) return known;
    const read = bindRun(house.store, house.content, run.spec, run.plan.purpose);
    house.frames.set(run.id, read);
    return read;
  };
}
