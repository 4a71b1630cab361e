// npm run demo [-- --json]
// A deployment from specification to active on real machines, changed in one place, grown, and destroyed: a three-node
// etcd cluster with TLS. Needs Node >= 20.19; root on Linux (or Docker) for real machines, else it says so and simulates.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { api, formwork, list, startFormwork } from './demo/formwork.mjs';
import { chooseProvider, leftovers, networkOf } from './demo/host.mjs';
import { prepare, root } from './demo/prepare.mjs';

const json = process.argv.includes('--json');
const keep = process.argv.includes('--keep');
const say = (text) => (json ? process.stderr : process.stdout).write(`${text}\n`);
const title = (text) => say(`\n== ${text}`);

const dataDirectory = path.resolve(process.env.FORMWORK_DEMO_DIR ?? path.join(root, '.formwork/demo'));
const { provider, why } = chooseProvider();
const result = {
  provider,
  nodes: 3,
  applySeconds: 0,
  changeNodeRolesRun: 0,
  changeNodeRolesTotal: 0,
  addNodeRolesRunOnOthers: 0,
  leaks: 0,
  ok: false,
};

const interruption = new AbortController();
const { signal } = interruption;
let interrupted = 0;
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(name, () => {
    interrupted += 1;
    if (interrupted === 1) {
      say('\ninterrupted: cleaning up, please wait (machines, network, processes) ...');
      interruption.abort(new Error('interrupted'));
    } else say('still cleaning up; nothing is left behind when this ends');
  });
}

const configuration =
  provider === 'local' ? networkOf(dataDirectory) : { steps: { defaultMs: { min: 100, max: 600 } } };

/** Keys of the node-roles that a run really started, by its events. */
async function started(server, runId) {
  const events = await list(server, `/events?run=${runId}&kind=node-role.claimed`);
  return [...new Set(events.map((event) => event.data.key))];
}

async function apply(server, specification, heading) {
  title(heading);
  const file = path.join(dataDirectory, 'edge.yaml');
  writeFileSync(file, specification);
  const beganMs = performance.now();
  await formwork(server, ['apply', '-f', file, '--yes', '--wait'], { signal, quiet: json });
  const seconds = Math.round((performance.now() - beganMs) / 100) / 10;
  const [run] = await list(server, '/deployments/edge/runs');
  return { seconds, ran: await started(server, run.id) };
}

/** Destroys whatever is there and answers what the sites still see of it. */
async function destroy(server) {
  const { run } = await api(server, 'DELETE', '/deployments/edge?approve=true');
  let state = run.state;
  while (state === 'running') state = (await api(server, 'GET', `/runs/${run.id}?wait=30s`)).state;
  const leaks = await api(server, 'GET', '/deployments/edge/leaks');
  return { state, leaks: leaks.resources.length };
}

const exists = async (server) =>
  (await list(server, '/deployments')).some((one) => one.name === 'edge' && one.state !== 'destroyed');

async function play(server) {
  const sites = await list(server, '/sites');
  // Left by a demo that was killed: its machines first.
  if (await exists(server)) {
    say('an earlier demo was killed; destroying what it left ...');
    await destroy(server);
  }
  if (!sites.some((site) => site.name === 'here'))
    await api(server, 'POST', '/sites', { name: 'here', provider, configuration });
  const check = await api(server, 'POST', '/sites/here/check');
  if (!check.ok) throw new Error(check.problems.map((one) => `${one.message}: ${one.remedy}`).join('\n'));
  for (const note of check.notes) say(`  ${note}`);

  const example = readFileSync(path.join(root, 'examples/etcd.yaml'), 'utf8');
  const made = await apply(server, example, 'apply examples/etcd.yaml: three machines, one etcd cluster with TLS');
  result.applySeconds = made.seconds;
  say(`active after ${made.seconds} s; ${made.ran.length} node-roles ran`);

  const changed = example.replace('quotaBackendBytes: 2147483648', 'quotaBackendBytes: 4294967296');
  const change = await apply(server, changed, 'change one parameter: etcd.quotaBackendBytes');
  result.changeNodeRolesRun = change.ran.length;
  result.changeNodeRolesTotal = (await list(server, '/deployments/edge/node-roles')).length;
  say(
    `${change.ran.length} of ${result.changeNodeRolesTotal} node-roles ran, one member at a time: ${change.ran.join(', ')}`,
  );

  const before = new Set(['edge-etcd-1', 'edge-etcd-2', 'edge-etcd-3']);
  const grown = await apply(server, changed.replace('count: 3', 'count: 5'), 'add a fourth and a fifth member');
  const onOthers = grown.ran.filter((key) => before.has(key.split('@')[1] ?? ''));
  result.addNodeRolesRunOnOthers = onOthers.length;
  say(
    `${grown.ran.length} node-roles ran; on the three members that were there: ${onOthers.length}${onOthers.length === 0 ? '' : ` (${onOthers.join(', ')})`}`,
  );
}

/** Destroys, stops, and looks at this host without Formwork's eyes. */
async function cleanUp(server) {
  title('destroy, and check that nothing is left');
  let siteId = 'no site';
  try {
    siteId = (await list(server, '/sites')).find((site) => site.name === 'here')?.id ?? siteId;
    if (await exists(server)) {
      const gone = await destroy(server);
      result.leaks = gone.leaks;
      if (gone.state !== 'succeeded')
        throw new Error(`the destruction ended ${gone.state}; run the demo again to try once more`);
    }
  } finally {
    await server.stop();
  }
  const left = leftovers({ bridge: networkOf(dataDirectory).bridge, siteId, dataDirectory });
  result.leaks += left.length;
  for (const one of left) say(`  left behind: ${one}`);
  if (left.length > 0) return;
  say('nothing is left: no process, mount, network or control group');
  if (!keep) rmSync(dataDirectory, { recursive: true, force: true });
}

async function main() {
  say(`Formwork demo on ${provider}: ${why}`);
  await prepare(say, signal);
  title('formwork up: database, server and worker on this machine');
  const server = await startFormwork({ dataDirectory, say, signal });
  say(`ready at ${server.url}`);
  try {
    await play(server);
  } finally {
    await cleanUp(server);
  }
  result.ok =
    result.changeNodeRolesRun === 3 &&
    result.changeNodeRolesTotal === 29 &&
    result.addNodeRolesRunOnOthers === 0 &&
    result.leaks === 0;
}

let code = 0;
try {
  await main();
} catch (error) {
  code = interrupted > 0 ? 130 : 1;
  if (interrupted === 0) say(`\nthe demo failed: ${error.message}`);
}
if (code === 0 && !result.ok) code = 1;
const verdict = interrupted > 0 ? 'interrupted and cleaned up' : result.ok ? 'ok' : 'NOT ok';
say(
  `\nFormwork demo on ${provider} (${why}): ${verdict}; active in ${result.applySeconds} s; one parameter ran ` +
    `${result.changeNodeRolesRun} of ${result.changeNodeRolesTotal}; two more members ran ${result.addNodeRolesRunOnOthers} on the others; ${result.leaks} leaks`,
);
if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(code);
