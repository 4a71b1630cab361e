/** Planted secrets are looked for everywhere that people and programs can look. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { House } from '../support/house.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const canary = 'canary-Zu9/kei"x7 und mehr';
const node = 'hush-box-1';
const made = `made-${canary}-on-${node}`;

describe('a secret', () => {
  let stage: Stage;
  let house: House;
  const specification = (fail: boolean): string =>
    JSON.stringify({
      name: 'hush',
      workflow: 'probe',
      params: { secretive: { password: canary, fail } },
      groups: [{ name: 'box', roles: ['secretive'], count: 1, site: 'here' }],
    });
  /** Every row of every table as text, by table. */
  const everything = async (): Promise<ReadonlyMap<string, string>> => {
    const tables = await house.db.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    const texts = await Promise.all(
      tables.map(async ({ name }) => {
        const rows = await house.db.query<{ text: string }>(`SELECT row_to_json(t)::text AS text FROM ${name} t`);
        return [name, rows.map(({ text }) => text).join('\n')] as const;
      }),
    );
    return new Map(texts);
  };
  /** Tables that hold one of these in any form in which it might slip out. */
  const holding = async (...values: readonly string[]): Promise<readonly string[]> => {
    const forms = values.flatMap((value) => [
      value,
      JSON.stringify(value).slice(1, -1),
      JSON.stringify(JSON.stringify(value).slice(1, -1)).slice(1, -1),
      encodeURIComponent(value),
      Buffer.from(value).toString('base64'),
      Buffer.from(value).toString('hex'),
    ]);
    return [...(await everything())].flatMap(([table, text]) =>
      forms.some((form) => text.includes(form)) ? [table] : [],
    );
  };

  beforeAll(async () => {
    stage = await openStage();
    ({ house } = stage);
    await stage.addLocalNodes({ name: 'here', driver: 'plain', network: 5 });
    await house.startWorker();
  });
  afterAll(() => stage.close());

  it('reaches the scripts that may have it, and nothing that is stored', async () => {
    const { runId } = await house.apply(specification(false));
    expect(await house.runEnd(runId)).toBe('succeeded');
    const digest = await house.ssh('hush', node, 'cat /var/lib/probe/key-digest');
    expect(digest).toBe(createHash('sha256').update(made).digest('hex'));
    expect(await holding(canary, made)).toEqual([]);
    const { inputs, outputs } = (await house.nodeRole('hush', `secretive@${node}`)).applied ?? {};
    expect(JSON.stringify([inputs, outputs])).toMatch(/"\$secret".*"digest"/);
  });

  it('is masked in the log, in other forms too', async () => {
    const chunks = await house.db.query<{ text: string }>('SELECT text FROM log_chunks ORDER BY attempt_id, "offset"');
    const log = chunks.map(({ text }) => text).join('');
    expect(log).toMatch(/the password is \S+, and in base64 \S+\n/);
    expect(log).toMatch(/the key is \S+\n/);
  });

  it('is not in the message of what failed with it', async () => {
    const { runId } = await house.apply(specification(true));
    expect(await house.runEnd(runId)).toBe('failed');
    const { state } = await house.nodeRole('hush', `secretive@${node}`);
    expect(JSON.stringify(state)).toContain('cannot work with');
    expect(await holding(canary, made)).toEqual([]);
  });

  it('may be given to a task, and is hidden as well', async () => {
    const { runId } = await house.apply(specification(false));
    expect(await house.runEnd(runId)).toBe('succeeded');
    const task = await house.task('hush', 'hush-task', { token: `${canary}-for-the-task` });
    expect(await house.runEnd(task.runId)).toBe('succeeded');
    const { outputs } = (await house.nodeRole('hush', `hush-task@${node}`)).applied ?? {};
    expect(outputs?.['digest']).toBe(createHash('sha256').update(`${canary}-for-the-task`).digest('hex'));
    expect(await holding(canary)).toEqual([]);
  });

  it('is left nowhere on the node but in what the script itself printed, which root alone can read', async () => {
    const where = '/run/formwork /var/lib/formwork /tmp /var/tmp';
    const found = `grep -rlF '${canary.slice(0, 12)}' ${where} 2>/dev/null | grep -v '/log\\.[0-9]*$' || true`;
    // What a script put out is erased there right after it was stored.
    await until(
      'nothing is left on the node',
      () => house.ssh('hush', node, found),
      (left) => left === '',
    );
    expect(await house.ssh('hush', node, 'stat -c %a /var/lib/formwork')).toBe('700');
  });
});
