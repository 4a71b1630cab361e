import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../support/until.ts';
import type { ManagedProcess } from '../cluster/managed-process.ts';
import type { Round, Scenario } from '../scenario.ts';
import { mustEqual } from './expect.ts';
import { missingForNodes } from './needs.ts';
import { type NodeStage, withNodes } from './node-stage.ts';

const network = 38;
const nodes = ['edge-box-1', 'edge-box-2', 'edge-box-3'];
/** On each node, in this order. */
const chain = [
  'witness apply',
  'witness verify',
  'witness-checked check',
  'witness-checked apply',
  'witness-checked verify',
  'witness apply',
  'witness verify',
];

/** Worker, server and Postgres are killed at random points of a deployment on three nodes; nothing is lost or run twice. */
export const kills: Scenario = {
  name: 'node-kills',
  weight: 2,
  missing: () => missingForNodes(),
  run: (round) =>
    withNodes(round, { network, durable: true, schedules: false }, async (stage) => {
      const processes = await startProcesses(stage);
      const { runId } = await stage.apply([{ name: 'box', slot: 'chain', count: 3 }], {
        apply: 'for part in 1 2 3 4; do echo "part $part"; sleep 0.4; done',
      });
      // The first may fall while machines are made, the last among the last steps.
      const blows = 1 + Math.floor(round.random() * 3);
      for (let blow = 0; blow < blows; blow += 1) {
        await sleep(500 + round.random() * 3_500);
        await strike(round, stage, processes);
      }
      await stage.ends(runId);
      for (const name of nodes) {
        const started = (await stage.book(name)).filter(({ word }) => word === 'start');
        mustEqual(
          `steps on ${name}`,
          started.map(({ role, step }) => `${role} ${step}`),
          chain,
        );
        for (const key of [`first@${name}`, `second@${name}`, `third@${name}`]) {
          mustEqual(`attempts of ${key}`, await stage.attempts(key), [{ state: 'done', code: null }]);
          const parts = (await stage.log(key)).split('\n').filter((line) => line.startsWith('part '));
          mustEqual(`log of ${key}`, parts, ['part 1', 'part 2', 'part 3', 'part 4']);
        }
      }
    }),
};

interface Processes {
  worker: ManagedProcess;
  readonly server: ManagedProcess;
  /** How many workers there were: each has a name of its own. */
  workers: number;
}

async function startProcesses(stage: NodeStage): Promise<Processes> {
  const [server, worker] = await Promise.all([stage.start('server', 'server'), stage.start('worker', 'worker-1')]);
  return { server, worker, workers: 1 };
}

async function strike(round: Round, stage: NodeStage, processes: Processes): Promise<void> {
  const victim = Math.floor(round.random() * 3);
  round.note(`${['worker', 'server', 'Postgres'][victim] ?? ''} killed`);
  if (victim === 0) {
    await processes.worker.kill();
    processes.workers += 1;
    processes.worker = await stage.start('worker', `worker-${processes.workers}`);
  } else if (victim === 1) {
    await processes.server.kill();
    await processes.server.start();
  } else {
    await killPostgres(stage);
  }
}

/** Its supervisor starts it again. */
async function killPostgres({ database, house }: NodeStage): Promise<void> {
  const { postgres } = database;
  const pid = postgres.pid();
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  await until('Postgres runs again', () => postgres.pid() !== undefined && postgres.pid() !== pid);
  await until('it answers', () =>
    house.db.query('SELECT 1').then(
      () => true,
      () => false,
    ),
  );
}
