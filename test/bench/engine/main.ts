/**
 * The engine against the best schedule there can be, and against its own size. Real processes on the `sim` provider.
 *   npm run bench:engine -- --nodes 1000 --roles 20 [--redis] [--only timed,zero,dispatch,scale] [--statements]
 * `--slots` are those of the worker, `--bound` the lower bound that the durations aim at, seconds.
 */
import { parseArgs } from 'node:util';
import { commit, load, machine, versions } from '../support/machine.ts';
import { printReport, say } from '../support/report.ts';
import { rounded } from '../support/statistics.ts';
import { shapeOf } from './content.ts';
import { exponent } from './exponent.ts';
import { lookAtSchedule, type Schedule } from './look.ts';
import { type EngineResult, type EngineRun, runDeployment } from './run.ts';
import { bootMs, spansOf } from './spans.ts';

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '1000' },
    roles: { type: 'string', default: '20' },
    slots: { type: 'string' },
    bound: { type: 'string', default: '120' },
    scale: { type: 'string', default: '100,1000,5000' },
    only: { type: 'string', default: 'timed,zero,dispatch,scale' },
    redis: { type: 'boolean', default: false },
    statements: { type: 'boolean', default: false },
  },
});
const [nodes, roles] = [Number(values.nodes), Number(values.roles)];
// One for each node's chain, and those of the limited role that run beside.
const slotsFor = (size: number): number => Number(values.slots ?? Math.ceil(size * 1.2));
const slots = slotsFor(nodes);
const only = values.only.split(',');
const { redis, statements } = values;

type Result = EngineResult & { readonly seen: Schedule };

async function run(name: string, request: Pick<EngineRun, 'nodes' | 'slots' | 'spans' | 'bootMs'>): Promise<Result> {
  say(`${name}: ${String(request.nodes)} nodes, ${String(roles)} roles, ${String(request.slots)} slots`);
  const timed = request.spans !== null;
  return runDeployment({ ...request, roles, redis, statements, say }, (db, simDirectory) =>
    lookAtSchedule(db, simDirectory, { slots: request.slots, timed, statements }),
  );
}

const shown = ({ seen, ...result }: Result): object => ({
  wallSeconds: rounded(result.wallMs / 1_000),
  planSeconds: rounded(result.planMs / 1_000),
  nodeRoles: result.nodeRoles,
  nodeRolesPerSecond: rounded((result.nodeRoles / result.wallMs) * 1_000),
  transitionsPerSecond: rounded((result.transitions / result.wallMs) * 1_000),
  dispatch: seen.dispatch,
  cpuSeconds: result.cpuSeconds,
  peakMemoryMib: { total: result.memory.totalMib, ...result.memory.parts },
  ...(seen.statements.length === 0 ? {} : { statements: seen.statements }),
});

const head = {
  name: 'engine',
  machine: machine(),
  load: load(),
  versions: await versions(redis ? ['redis'] : []),
  commit: await commit(),
  shape: { nodes, roles, slots, queue: redis ? 'redis' : 'postgres' },
};
const holds: Record<string, boolean> = {};
const report: Record<string, object> = {};

if (only.includes('timed')) {
  const spans = spansOf(shapeOf(nodes, roles), slots, Number(values.bound) * 1_000);
  const result = await run('timed', { nodes, slots, spans, bootMs });
  const { boundMs, criticalPathMs, segments } = result.seen;
  const ratio = result.wallMs / boundMs;
  holds['ratio at most 1.05'] = ratio <= 1.05;
  report['timed'] = { ratio: Number(ratio.toFixed(4)), boundMs, criticalPathMs, segments, ...shown(result) };
}
if (only.includes('zero')) {
  const result = await run('zero-length', { nodes, slots, spans: null, bootMs: 0 });
  const rate = (result.nodeRoles / result.wallMs) * 1_000;
  const least = redis ? 800 : 500;
  holds[`at least ${String(least)} node-roles/s`] = rate >= least;
  holds['under 500 MiB'] = result.memory.totalMib < 500;
  report['zeroLength'] = shown(result);
}
if (only.includes('dispatch')) {
  // Few nodes and a slot for each: what is between a parent's end and a child's start is the engine alone.
  const spans = spansOf(shapeOf(20, roles), 20, 30_000);
  const result = await run('dispatch, unhindered', { nodes: 20, slots: 40, spans, bootMs: 500 });
  report['dispatchUnhindered'] = { dispatch: result.seen.dispatch };
}
if (only.includes('scale')) {
  const points: { nodes: number; seconds: number; planSeconds: number; memoryMib: number }[] = [];
  for (const size of values.scale.split(',').map(Number)) {
    const result = await run('scale', { nodes: size, slots: slotsFor(size), spans: null, bootMs: 0 });
    const [seconds, planSeconds] = [rounded(result.wallMs / 1_000), rounded(result.planMs / 1_000)];
    points.push({ nodes: size, seconds, planSeconds, memoryMib: result.memory.totalMib });
  }
  const fitted = (pick: (point: (typeof points)[number]) => number): number =>
    Number(exponent(points.map((point) => ({ x: point.nodes, y: pick(point) }))).toFixed(3));
  const exponents = {
    time: fitted((point) => point.seconds),
    plan: fitted((point) => point.planSeconds),
    memory: fitted((point) => point.memoryMib),
  };
  holds['memory at most linear'] = exponents.memory <= 1;
  report['scale'] = { points, exponents };
}
printReport({ ...head, ...report, holds });
