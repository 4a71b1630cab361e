/** What happens to a script on a real node when the one who watches it dies, freezes or is cut off. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { TestDatabase } from '../support/database.ts';
import type { House } from '../support/house.ts';
import { violations } from '../support/oracle.ts';
import { type Program, startSchedulerProgram, startWorkerProgram } from '../support/program.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const node = 'crash-box-1';
const specification = (apply: string): string =>
  JSON.stringify({
    name: 'crash',
    workflow: 'probe',
    params: { probe: { apply } },
    groups: [{ name: 'box', roles: ['probe'], count: 1, site: 'here' }],
  });
/** Says that it began, stays until it is let go, says that it ended. */
const held = (name: string): string => `echo begin-${name}; hold ${name}; echo end-${name}`;

describe('a script whose watcher is gone', () => {
  let stage: Stage;
  let database: TestDatabase;
  let house: House;
  const programs: Program[] = [];
  const worker = async (id: string): Promise<Program> => {
    const program = await startWorkerProgram(house.environment, id);
    programs.push(program);
    return program;
  };
  const scheduler = async (): Promise<Program> => {
    const program = await startSchedulerProgram(house.environment);
    programs.push(program);
    return program;
  };
  const begun = (name: string): Promise<unknown> =>
    until(`the script ${name} runs on the node`, () =>
      house.ssh('crash', node, `grep -cx ${name} /var/lib/probe/held`).catch(() => ''),
    );
  const letGo = (name: string): Promise<string> => house.ssh('crash', node, `touch /var/lib/probe/go-${name}`);
  const timesHeld = async (name: string): Promise<number> =>
    Number(await house.ssh('crash', node, `grep -cx ${name} /var/lib/probe/held`));
  /** The whole log of the newest attempt, as it is stored. */
  const log = async (): Promise<string> => {
    const chunks = await house.db.query<{ text: string }>(
      `SELECT l.text FROM log_chunks l JOIN attempts a ON a.id = l.attempt_id JOIN node_roles n ON n.id = a.node_role_id
       WHERE n.key = $1 AND a.number = n.attempt ORDER BY l."offset"`,
      [`probe@${node}`],
    );
    return chunks.map(({ text }) => text).join('');
  };
  const claims = () =>
    house.db.query<{ worker: string; fence: number; live: boolean }>(
      'SELECT worker, fence, lease_until > clock_timestamp() AS live FROM claims',
    );

  beforeAll(async () => {
    stage = await openStage({ durable: true, schedules: false });
    ({ house, database } = stage);
    await stage.addLocalNodes({ name: 'here', driver: 'plain', network: 0 });
    await scheduler();
    await worker('first');
    const { runId } = await house.apply(specification('true'));
    expect(await house.runEnd(runId)).toBe('succeeded');
  });
  afterEach(async () => {
    expect(await violations(house.db)).toEqual([]);
  });
  afterAll(async () => {
    await Promise.all(programs.map((program) => program.kill()));
    await stage.close();
  });

  it('runs on when the worker is killed, and the next worker attaches to it', async () => {
    const { runId } = await house.apply(specification(held('worker')));
    await begun('worker');
    await programs[1]?.kill();
    await worker('second');
    await until('the second worker has it', claims, (all) => all.some((one) => one.worker === 'second'));
    await letGo('worker');
    expect(await house.runEnd(runId)).toBe('succeeded');
    expect(await timesHeld('worker')).toBe(1);
    expect(await log()).toMatch(/begin-worker\n[^]*end-worker\n/);
    expect((await log()).match(/begin-worker/g)).toHaveLength(1);
    expect((await house.nodeRole('crash', `probe@${node}`)).attempt).toBe(2);
  });

  it('runs on when the scheduler is killed, and the run ends by the next one', async () => {
    const { runId } = await house.apply(specification(held('scheduler')));
    await begun('scheduler');
    await programs[0]?.kill();
    await letGo('scheduler');
    await until('the step is recorded without a scheduler', async () => {
      return (await house.nodeRole('crash', `probe@${node}`)).state.state === 'active';
    });
    await scheduler();
    expect(await house.runEnd(runId)).toBe('succeeded');
    expect(await timesHeld('scheduler')).toBe(1);
  });

  it('runs on when Postgres is killed, and its end is recorded when it is back', async () => {
    const { runId } = await house.apply(specification(held('postgres')));
    await begun('postgres');
    const pid = database.postgres.pid();
    expect(pid).toBeDefined();
    if (pid !== undefined) process.kill(pid, 'SIGKILL');
    await until('Postgres runs again', () => database.postgres.pid() !== undefined && database.postgres.pid() !== pid);
    await until(
      'it answers',
      () => house.db.query('SELECT 1 AS one').catch(() => []),
      (rows) => rows.length === 1,
    );
    await letGo('postgres');
    expect(await house.runEnd(runId)).toBe('succeeded');
    expect(await timesHeld('postgres')).toBe(1);
    expect((await log()).match(/begin-postgres/g)).toHaveLength(1);
    expect(await log()).toContain('end-postgres');
  });

  it('is not disturbed by a frozen worker that wakes up after another took over', async () => {
    const frozen = programs.at(-2);
    const { runId } = await house.apply(specification(held('fence')));
    await begun('fence');
    const [before] = await claims();
    expect(before?.worker).toBe('second');
    frozen?.freeze();
    await worker('third');
    const [after] = await until('the third worker has it', claims, (all) => all.some((one) => one.worker === 'third'));
    expect(after?.fence).toBeGreaterThan(before?.fence ?? Infinity);
    await letGo('fence');
    expect(await house.runEnd(runId)).toBe('succeeded');
    const settled = await house.nodeRole('crash', `probe@${node}`);
    frozen?.thaw();
    // Once it has announced itself again it has had all its say.
    await until('the old worker lives again', async () => {
      const [seen] = await house.db.query<{ late: boolean }>(
        `SELECT seen_at > clock_timestamp() - interval '2 seconds' AS late FROM workers WHERE id = 'second'`,
      );
      return seen?.late === true;
    });
    expect(await house.nodeRole('crash', `probe@${node}`)).toEqual(settled);
    expect(await timesHeld('fence')).toBe(1);
  });
});
