import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ProviderFailure, SiteCheck, SiteProblem } from '../contract.ts';
import { hierarchies } from './cgroup.ts';
import type { LocalDeps } from './deps.ts';
import { localFailureOf } from './errors.ts';
import { bridgeOwner, subnetUser } from './network.ts';
import { nearestNames } from '../nearest-names.ts';
import { exists } from './node-record.ts';
import { hasWayOut } from './way-out.ts';

const overlayMagic = 0x794c7630;

const problem = (path: string, message: string, remedy: string): SiteProblem => ({ path, message, remedy });
const ofFailure = (path: string, failure: ProviderFailure, remedy: string): SiteProblem =>
  problem(path, failure.message, remedy);

/** Rule 1: everything that keeps nodes from being made here. It makes nothing but, where wanted, missing packages. */
export async function checkSite(deps: LocalDeps, signal: AbortSignal): Promise<SiteCheck> {
  const { site, host } = deps;
  const { configuration } = site;
  const problems: SiteProblem[] = [];
  const notes = [`${host.cpus} processors, ${host.memoryMib} MiB, ${host.arch}, kernel ${host.kernel}`];
  const imageNames = Object.keys(configuration.images);
  if (!imageNames.includes(configuration.defaultImage)) {
    const nearest = nearestNames(configuration.defaultImage, imageNames).join(', ');
    problems.push(
      problem(
        '$.defaultImage',
        `${configuration.defaultImage} is not among the site's images.`,
        `Take one of: ${nearest}.`,
      ),
    );
  }
  const driver = await deps.drivers.name(signal).catch((error: unknown) => {
    problems.push(ofFailure('$.driver', localFailureOf(error), 'Run as root on Linux, or start a Docker engine.'));
    return null;
  });
  if (driver === null) return { ok: false, problems, notes };
  notes.push(`driver ${driver}`);
  const prerequisites = await deps.prerequisites.settle(driver, signal);
  if (prerequisites.state === 'failed') {
    problems.push(
      ofFailure('$.installPackages', prerequisites.failure, 'Install them, or set installPackages to true.'),
    );
  }
  if (driver === 'docker') return { ok: problems.length === 0, problems, notes };
  if (prerequisites.state === 'ready') {
    problems.push(...(await networkProblems(deps, signal)));
    notes.push(
      (await hasWayOut(site, signal))
        ? 'nodes reach the outside by NAT'
        : 'no default route: nodes reach only each other',
    );
  }
  problems.push(...(await kernelProblems(deps)));
  notes.push(`cgroups: ${(await hierarchies()).map(({ version, path }) => `v${version} ${path}`).join(', ')}`);
  return { ok: problems.length === 0, problems, notes };
}

async function networkProblems({ site }: LocalDeps, signal: AbortSignal): Promise<readonly SiteProblem[]> {
  const { bridge, subnet } = site.configuration;
  const problems: SiteProblem[] = [];
  if ((await bridgeOwner(site)) === 'foreign') {
    const remedy = `Choose another bridge name, or remove it when nothing uses it: ip link del ${bridge}`;
    problems.push(problem('$.bridge', `Network interface ${bridge} exists and is not this site's.`, remedy));
  }
  const user = await subnetUser(site, signal);
  if (user !== null) {
    problems.push(
      problem('$.subnet', `Subnet ${subnet} overlaps with ${user}.`, 'Choose a subnet that nothing here uses.'),
    );
  }
  return problems;
}

async function kernelProblems({ site }: LocalDeps): Promise<readonly SiteProblem[]> {
  const problems: SiteProblem[] = [];
  if ((await hierarchies()).length === 0) {
    problems.push(problem('$', 'No cgroup hierarchy is mounted.', 'Mount cgroup2 on /sys/fs/cgroup.'));
  }
  // An overlay cannot lie on an overlay.
  let place = site.directories.nodes;
  while (!(await exists(place)) && place !== dirname(place)) place = dirname(place);
  if ((await statfs(place)).type === overlayMagic) {
    const remedy = 'Put the data directory on a volume with a real file system.';
    problems.push(problem('$', `The data directory ${place} is on an overlay.`, remedy));
  }
  return problems;
}
