/** Events in the database afterwards. */
const events = 100_000;
/** The first of every so many copies has failed node-roles. */
const failedEvery = 10;

/**
 * Statements that copy the template deployment `clones` times and end the run of every deployment as workers would
 * have, with attempts and events. Run one after the other on a database that nothing else uses.
 */
export function finishSql(options: { readonly template: string; readonly clones: number }): readonly string[] {
  const { template, clones } = options;
  const copies = `deployments t, LATERAL (SELECT k, 'unit-' || lpad(k::text, 2, '0') AS name, 'yard-' || k % 5 AS site
    FROM generate_series(1, ${clones}) AS k) AS c`;
  const id = (what: string, of = `''`): string => `md5('${what} ' || c.k || ${of})::uuid`;
  const renamed = (column: string): string =>
    `replace(replace(${column}::text, '${template}', c.name), '"yard-1"', '"' || c.site || '"')::jsonb`;
  const siteId = '(SELECT id FROM sites WHERE sites.name = c.site)';
  const ofTemplate = `t.name = '${template}'`;
  const error = `'{"kind":"failed","code":"exit-1","message":"apply ended with exit code 1"}'`;
  return [
    `INSERT INTO deployments (id, name, proposed_version, committed_version, founders, once, ssh_public_key, ssh_private_key, version)
     SELECT ${id('deployment')}, c.name, t.proposed_version, t.committed_version, t.founders, t.once, t.ssh_public_key,
       t.ssh_private_key, t.version FROM ${copies} WHERE ${ofTemplate}`,
    `INSERT INTO specification_versions (deployment_id, version, document, packs, digest, created_by)
     SELECT ${id('deployment')}, s.version, ${renamed('s.document')}, s.packs, md5(s.digest || c.k), s.created_by
     FROM ${copies} JOIN specification_versions s ON true WHERE ${ofTemplate} AND s.deployment_id = t.id`,
    `INSERT INTO plans (id, deployment_id, specification_version, purpose, state, document, graph, created_by, approved_by, approved_at)
     SELECT ${id('plan')}, ${id('deployment')}, p.specification_version, p.purpose, p.state, ${renamed('p.document')},
       ${renamed('p.graph')}, p.created_by, p.approved_by, p.approved_at FROM ${copies} JOIN plans p ON true WHERE ${ofTemplate} AND p.deployment_id = t.id`,
    `INSERT INTO runs (id, deployment_id, plan_id, purpose)
     SELECT ${id('run')}, ${id('deployment')}, ${id('plan')}, r.purpose
     FROM ${copies} JOIN runs r ON true WHERE ${ofTemplate} AND r.deployment_id = t.id`,
    `INSERT INTO nodes (id, deployment_id, site_id, name, group_name, ordinal, image, size, capabilities, labels)
     SELECT ${id('node', 'n.name')}, ${id('deployment')}, ${siteId}, replace(n.name, '${template}', c.name), n.group_name,
       n.ordinal, n.image, n.size, n.capabilities, n.labels || jsonb_build_object('rack', 'r' || c.k % 20)
     FROM ${copies} JOIN nodes n ON true WHERE ${ofTemplate} AND n.deployment_id = t.id`,
    `INSERT INTO node_roles (id, deployment_id, node_id, site_id, key, role, "as", group_name, stage, lane, role_digest, state,
       state_data, founder, run_id, pending)
     SELECT ${id('node-role', 'o.key')}, ${id('deployment')}, ${id('node', 'n.name')}, ${siteId},
       replace(o.key, '${template}', c.name), o.role, o."as", o.group_name, o.stage, o.lane, o.role_digest, o.state,
       o.state_data, o.founder, ${id('run')}, ${renamed('o.pending')}
     FROM ${copies} JOIN node_roles o ON true JOIN nodes n ON n.id = o.node_id WHERE ${ofTemplate} AND o.deployment_id = t.id`,
    `UPDATE nodes SET state = 'ready', host = '10.' || ordinal / 250 || '.0.' || ordinal % 250 + 1, port = 22,
       ssh_user = 'root', provider_id = 'sim-' || name, version = 3, facts = jsonb_build_object('address', '10.0.0.1',
       'arch', 'amd64', 'cpus', 1, 'hostname', name, 'kernel', '6.1.0', 'memoryMib', 1024, 'os', 'debian',
       'osRelease', '12', 'diskGib', 10)`,
    `UPDATE node_roles SET state = 'active', state_data = '{"state":"active"}', ever_started = true, attempt = 1,
       dispatch = 1, fence = 1, tries = 1, version = 5, applied = jsonb_build_object('inputHash', md5(key), 'inputs',
       '{"params":{},"facts":{},"requires":{},"needs":{},"untracked":{}}'::jsonb, 'roleDigest', role_digest, 'outputs',
       jsonb_build_object('label', "as"), 'at', '2026-01-01T00:00:00.000Z', 'clean', true)`,
    `UPDATE node_roles o SET state = 'failed', applied = NULL,
       state_data = jsonb_build_object('state', 'failed', 'error', ${error}::jsonb, 'retryAtMs', NULL)
     FROM deployments d, nodes n WHERE d.id = o.deployment_id AND n.id = o.node_id AND o."as" = 'step-four' AND n.ordinal <= 5
       AND d.name LIKE 'unit-%' AND right(d.name, 2)::int % ${failedEvery} = 1`,
    `INSERT INTO attempts (id, node_role_id, run_id, number, action, state, error, worker, started_at, ended_at)
     SELECT md5('attempt ' || id)::uuid, id, run_id, 1, pending->>'action', CASE state WHEN 'failed' THEN 'failed' ELSE 'done' END,
       state_data->'error', 'bench-worker', now() - interval '20 seconds', now() - interval '10 seconds' FROM node_roles`,
    `UPDATE runs r SET state = CASE WHEN failed > 0 THEN 'failed' ELSE 'succeeded' END, ended_at = now(),
       summary = jsonb_build_object('total', total, 'ok', total - failed, 'failed', failed, 'skipped', 0, 'blocked', 0)
     FROM (SELECT run_id, count(*) AS total, count(*) FILTER (WHERE state = 'failed') AS failed FROM node_roles GROUP BY run_id) c
     WHERE c.run_id = r.id`,
    `UPDATE deployments d SET state = CASE r.state WHEN 'failed' THEN 'failed' ELSE 'active' END, version = 3
     FROM runs r WHERE r.deployment_id = d.id`,
    // First as many claims as make the number, then how each node-role ended: folding them gives what is stored.
    `WITH told AS (
       SELECT value AS first, ${events} - value AS missing FROM counters WHERE name = 'events'
     ), ended AS (
       SELECT 2 AS turn, state AS kind, o.* FROM node_roles o
     ), claimed AS (
       SELECT 1 AS turn, 'claimed' AS kind, o.* FROM node_roles o
       ORDER BY md5(o.id::text) LIMIT (SELECT missing FROM told) - (SELECT count(*) FROM ended)
     ), line AS (
       SELECT row_number() OVER (ORDER BY turn, md5(id::text)) AS place, * FROM (SELECT * FROM claimed UNION ALL SELECT * FROM ended) AS both_
     ), written AS (
       INSERT INTO events (id, at, kind, actor, deployment_id, run_id, node_id, node_role_id, data)
       SELECT told.first + place, now() - (told.missing - place) * interval '10 milliseconds',
         'node-role.' || CASE kind WHEN 'active' THEN 'done' ELSE kind END, 'worker:bench-worker', deployment_id, run_id, node_id, line.id,
         jsonb_build_object('key', key, 'version', 3 + turn, 'attemptId', md5('attempt ' || line.id), 'worker', 'bench-worker')
         || CASE kind WHEN 'claimed' THEN '{"from":"ready","state":"running","attempt":1}'::jsonb
              ELSE '{"from":"running"}'::jsonb || state_data END
       FROM line, told
     )
     UPDATE counters SET value = ${events} WHERE name = 'events'`,
    'ANALYZE',
  ];
}
