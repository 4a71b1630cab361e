import { runDeployment } from './run.ts';
const [nodes, roles, slots, redis, statements] = process.argv.slice(2);
const r = await runDeployment({ nodes: Number(nodes), roles: Number(roles), slots: Number(slots ?? 200), redis: redis === 'redis', spans: null, bootMs: 0, statements: statements === 's', say: (l) => console.error(l) }, async (db) => {
 if (statements !== 's') return null;
 const rows = await db.query(`SELECT calls, round(total_exec_time::numeric) AS ms, round(total_plan_time::numeric) AS plan_ms, rows, left(regexp_replace(query, '\\s+', ' ', 'g'), 130) AS q FROM pg_stat_statements ORDER BY total_exec_time DESC LIMIT 32`);
 for (const row of rows) console.error(row.calls, row.ms, row.rows, row.q);
 return null;
});
console.log(JSON.stringify({ ...r, rate: r.nodeRoles / r.wallMs * 1000 }));
