/** What the drivers need on the host, by program and by Debian package; installed by apt-get where that is wanted. */
import { join } from 'node:path';
import type { ProviderFailure } from '../contract.ts';
import { cleanEnvironment } from './client.ts';
import { localFailureOf, localFailures } from './errors.ts';
import { exists, type DriverName } from './node-record.ts';
import type { Site } from './site.ts';

interface Needed {
  /** A program looked for in PATH, or a file. */
  readonly program: string;
  readonly package: string;
}

const namespaced: readonly Needed[] = [
  { program: 'mmdebstrap', package: 'mmdebstrap' },
  { program: '/usr/share/keyrings/debian-archive-keyring.gpg', package: 'debian-archive-keyring' },
  { program: 'ip', package: 'iproute2' },
  { program: 'nft', package: 'nftables' },
  { program: 'mount', package: 'mount' },
  { program: 'losetup', package: 'mount' },
  { program: 'flock', package: 'util-linux' },
  { program: 'unshare', package: 'util-linux' },
  { program: 'nsenter', package: 'util-linux' },
  { program: 'mkfs.ext4', package: 'e2fsprogs' },
];

const neededBy: Readonly<Record<DriverName, readonly Needed[]>> = {
  nspawn: [...namespaced, { program: 'systemd-nspawn', package: 'systemd-container' }],
  plain: namespaced,
  docker: [{ program: 'docker', package: 'docker.io' }],
};

export type PrerequisiteState =
  | { readonly state: 'ready' }
  | { readonly state: 'installing'; readonly progress: string }
  | { readonly state: 'failed'; readonly failure: ProviderFailure };

export interface Prerequisites {
  /** Debian packages that are missing; empty when all is there. */
  missing(driver: DriverName): Promise<readonly string[]>;
  /** Where it stands; starts the installation in the background when it is wanted and has not been started. */
  look(driver: DriverName, signal: AbortSignal): Promise<PrerequisiteState>;
  /** As `look`, but waits for the installation, until the signal fires. */
  settle(driver: DriverName, signal: AbortSignal): Promise<PrerequisiteState>;
}

async function present(program: string): Promise<boolean> {
  if (program.startsWith('/')) return await exists(program);
  const places = (cleanEnvironment['PATH'] ?? '').split(':').map((directory) => exists(join(directory, program)));
  return (await Promise.all(places)).includes(true);
}

export function openPrerequisites(site: Site): Prerequisites {
  // One installation at a time in this process; between processes dpkg has its own lock, for which apt-get waits.
  let installation: Promise<ProviderFailure | null> | null = null;
  const found = new Set<DriverName>();

  const missing = async (driver: DriverName): Promise<readonly string[]> => {
    if (found.has(driver)) return [];
    const lacking: string[] = [];
    for (const needed of neededBy[driver]) if (!(await present(needed.program))) lacking.push(needed.package);
    if (lacking.length === 0) found.add(driver);
    return [...new Set(lacking)];
  };

  const look = async (driver: DriverName): Promise<PrerequisiteState> => {
    const packages = await missing(driver);
    if (packages.length === 0) return { state: 'ready' };
    const named = packages.join(' ');
    const wanted = site.configuration.installPackages ?? (process.getuid?.() === 0 && (await present('apt-get')));
    if (!wanted || driver === 'docker') {
      return { state: 'failed', failure: localFailures.packagesMissing(named) };
    }
    installation ??= install(site, packages).then(
      () => null,
      (error: unknown) => localFailureOf(error),
    );
    const outcome = await Promise.race([installation, Promise.resolve('installing' as const)]);
    if (outcome === 'installing') return { state: 'installing', progress: `installing ${named} on this host` };
    installation = null;
    if (outcome !== null) return { state: 'failed', failure: outcome };
    const left = await missing(driver);
    return left.length === 0
      ? { state: 'ready' }
      : { state: 'failed', failure: localFailures.packagesMissing(left.join(' ')) };
  };

  return {
    missing,
    look,
    async settle(driver, signal) {
      for (;;) {
        const state = await look(driver);
        if (state.state !== 'installing' || installation === null) return state;
        await Promise.race([installation, new Promise((resolve) => signal.addEventListener('abort', resolve))]);
        signal.throwIfAborted();
      }
    },
  };
}

/** Not bound to the call that started it: apt-get that is killed half-way leaves a host that needs repair. */
async function install(site: Site, packages: readonly string[]): Promise<void> {
  const signal = AbortSignal.timeout(600_000);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const aptGet = (...args: readonly string[]) =>
    site.run('apt-get', ['-q', '-y', '-o', 'DPkg::Lock::Timeout=240', '-o', 'Acquire::Retries=3', ...args], {
      signal,
      env,
    });
  site.log('installing packages', { packages: [...packages] });
  const arguments_ = ['install', '--no-install-recommends', ...packages];
  try {
    await aptGet(...arguments_);
  } catch {
    // The lists may be missing (a fresh image) or name versions that are gone from the mirror.
    await aptGet('update');
    await aptGet(...arguments_);
  }
}
