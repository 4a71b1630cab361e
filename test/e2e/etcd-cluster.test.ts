/** A real etcd cluster with TLS on machines of this host: made, changed under load, grown, shrunk, hurt, restored, gone. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readEvents } from '@formwork/db';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { House } from '../support/house.ts';
import type { LocalNodes } from '../support/local-nodes.ts';
import { mostAtOnce } from '../support/oracle.ts';
import { openStage, type Stage } from '../support/stage.ts';
import { until } from '../support/until.ts';

const example = readFileSync(path.resolve(import.meta.dirname, '../../examples/etcd.yaml'), 'utf8');
const certificates = '/etc/etcd/formwork';
const etcdctl = `ETCDCTL_API=3 etcdctl --cacert ${certificates}/ca.crt --cert ${certificates}/member.crt --key ${certificates}/member.key`;
const here = `${etcdctl} --endpoints https://127.0.0.1:2379`;
const named = (ordinal: number): string => `edge-etcd-${ordinal}`;

describe('an etcd cluster on this host', () => {
  let stage: Stage;
  let house: House;
  let site: LocalNodes;
  const specification = (count: number, quota: number, omit: readonly number[] = []): string =>
    example
      .replace('quotaBackendBytes: 2147483648', `quotaBackendBytes: ${quota}`)
      .replace('count: 3', `count: ${count}, omit: [${omit.join(', ')}]`);
  const twoGib = 2_147_483_648;
  const fourGib = 4_294_967_296;
  const ssh = (ordinal: number, command: string): Promise<string> => house.ssh('edge', named(ordinal), command);
  /** Carries out a specification; answers how many attempts each node-role took in it, by key. */
  const apply = async (text: string): Promise<ReadonlyMap<string, number>> => {
    const { runId } = await house.apply(text);
    expect(await house.runEnd(runId)).toBe('succeeded');
    const claims = await readEvents(house.db, { after: 0, limit: 10_000, runId, kinds: ['node-role.claimed'] });
    const ran = new Map<string, number>();
    for (const { data } of claims)
      if (data['attached'] !== true && typeof data['key'] === 'string')
        ran.set(data['key'], (ran.get(data['key']) ?? 0) + 1);
    return ran;
  };
  const healthy = async (ordinal: number, members: number): Promise<void> => {
    const lines = (await ssh(ordinal, `${here} endpoint health --cluster 2>&1`)).split('\n');
    expect(lines.filter((line) => line.includes('is healthy'))).toHaveLength(members);
  };
  const ranOn = (ran: ReadonlyMap<string, number>, ordinals: readonly number[]): readonly string[] =>
    [...ran.keys()].filter((key) => ordinals.some((ordinal) => key.endsWith(`@${named(ordinal)}`)));

  beforeAll(async () => {
    stage = await openStage();
    ({ house } = stage);
    site = await stage.addLocalNodes({ name: 'here', driver: 'nspawn', network: 9 });
    await house.startWorker();
  });
  afterAll(() => stage.close());

  it('is made by its three founders, all healthy', async () => {
    const ran = await apply(specification(3, twoGib));
    expect(ran.size).toBe(29);
    await healthy(1, 3);
    await ssh(1, `${here} put kept before`);
  });

  it('takes a greater quota one member at a time, and every read and write meanwhile ends within 3 s', async () => {
    const hosts = await Promise.all([1, 2, 3].map(async (ordinal) => (await house.node('edge', named(ordinal))).host));
    const all = `${etcdctl} --endpoints ${hosts.map((host) => `https://${host ?? ''}:2379`).join(',')}`;
    const prober = `cd /root; ops=0
      while [ ! -e stop ]; do
        ops=$((ops + 1)); echo $ops >ops
        timeout 3 env ${all} put probe "$ops" >/dev/null 2>>errors || echo "write $ops failed" >>failed
        [ "$(timeout 3 env ${all} get probe --print-value-only 2>>errors)" = "$ops" ] || echo "read $ops failed" >>failed
      done; [ ! -e failed ] || cat failed errors; echo "$ops operations"`;
    const before = (await house.events('node-role.claimed')).at(-1)?.id ?? 0;
    const probing = ssh(1, prober);
    await until('the prober works', () => ssh(2, `${here} get probe --print-value-only`));
    const ran = await apply(specification(3, fourGib));
    await ssh(1, 'touch /root/stop');
    expect(await probing).toMatch(/^\d+ operations$/);

    // Never more than one at work; each may have been told to come again while the others were not yet well.
    expect([...ran.keys()].sort()).toEqual([1, 2, 3].map((ordinal) => `etcd-member@${named(ordinal)}`));
    const members = (await house.nodeRoles('edge')).filter(({ role }) => role === 'etcd-member');
    const since = await readEvents(house.db, { after: before, limit: 10_000 });
    expect(mostAtOnce(since, new Set(members.map(({ id }) => id)))).toBe(1);
    for (const ordinal of [1, 2, 3])
      expect(await ssh(ordinal, 'tr "\\0" "\\n" </proc/$(pidof etcd)/environ')).toContain(
        `QUOTA_BACKEND_BYTES=${fourGib}`,
      );
    await healthy(2, 3);
  });

  it('grows to five, and nothing runs on the three', async () => {
    const ran = await apply(specification(5, fourGib));
    expect(ran.size).toBe(19);
    expect(ranOn(ran, [1, 2, 3])).toEqual([]);
    await healthy(4, 5);
  });

  it('shrinks to four: the fifth leaves before its machine goes', async () => {
    const ran = await apply(specification(4, fourGib));
    expect([...ran.keys()]).toEqual(['etcd-cluster', 'etcd-member@edge-etcd-5', 'machine@edge-etcd-5']);
    await healthy(1, 4);
    expect((await ssh(1, `${here} member list`)).split('\n')).toHaveLength(4);
  });

  it('notices a machine that was taken away, and has another in its place', async () => {
    await site.snatch(await house.node('edge', named(2)));
    await house.ask(site.siteId, 'observe');
    expect(await house.node('edge', named(2))).toMatchObject({ state: 'unreachable', lost: true });
    const ran = await apply(specification(4, fourGib, [2]));
    expect(ran.get('etcd-member@edge-etcd-2')).toBeGreaterThan(0);
    expect(ranOn(ran, [1, 3, 4])).toEqual([]);
    const members = await ssh(1, `${here} member list`);
    expect(members).not.toContain(named(2));
    expect(members.split('\n')).toHaveLength(4);
    await healthy(5, 4);
  });

  it('is refused a change that would lose its quorum, with the way out', async () => {
    const refused = await house.propose(specification(1, fourGib, [2]));
    expect(refused).toMatchObject({ ok: false, problems: [{ path: '$.groups[0].count' }] });
    expect(JSON.stringify(refused)).toMatch(/set count \d, apply/);
  });

  it('is saved by a task and put back by another', async () => {
    const file = '/var/backups/e2e.snapshot';
    const backup = await house.task('edge', 'etcd-backup', { path: file });
    expect(await house.runEnd(backup.runId)).toBe('succeeded');
    const { outputs } = (await house.nodeRole('edge', 'etcd-backup')).applied ?? {};
    expect(outputs).toMatchObject({ path: file });
    await ssh(1, `${here} put kept after`);

    const ordinals = [1, 3, 4, 5];
    const copies = await Promise.all(
      ordinals.map((ordinal) => ssh(ordinal, `gzip -c ${file} 2>/dev/null | base64 -w0 || true`)),
    );
    const copy = copies.reduce((longest, one) => (one.length > longest.length ? one : longest), '');
    for (const ordinal of ordinals)
      await ssh(ordinal, `mkdir -p /var/backups; printf %s '${copy}' | base64 -d | gunzip -c >${file}`);
    const sha256 = outputs?.['sha256'];
    const restore = await house.task('edge', 'etcd-restore', {
      path: file,
      sha256: typeof sha256 === 'string' ? sha256 : '',
      token: 'e2e',
    });
    expect(await house.runEnd(restore.runId)).toBe('succeeded');
    await healthy(3, 4);
    expect(await ssh(4, `${here} get kept --print-value-only`)).toBe('before');
  });

  it('leaves nothing when it is destroyed', async () => {
    const { runId, deploymentId } = await house.destroy('edge');
    expect(await house.runEnd(runId)).toBe('succeeded');
    expect(await house.nodeRoles('edge')).toEqual([]);
    expect(await house.ask(site.siteId, 'leak-check', { deploymentId })).toEqual({ found: [] });
    const [deployment] = await house.db.query<{ state: string; leaks: unknown }>(
      'SELECT state, leaks FROM deployments WHERE id = $1',
      [deploymentId],
    );
    expect(deployment).toEqual({ state: 'destroyed', leaks: [] });
  });
});
