import type { Site } from './site.ts';

/** `deb` lines that images of a suite are built from: the configured mirror, the host's own, else deb.debian.org. */
export interface AptSources {
  of(suite: string, signal: AbortSignal): Promise<readonly string[]>;
}

/** Asks the host once for each suite: what it answers is part of the image's hash and is not to change under way. */
export function openAptSources(site: Site): AptSources {
  const known = new Map<string, readonly string[]>();
  return {
    async of(suite, signal) {
      const found = known.get(suite) ?? (await sourcesOf(site, suite, signal));
      known.set(suite, found);
      return found;
    },
  };
}

async function sourcesOf(site: Site, suite: string, signal: AbortSignal): Promise<readonly string[]> {
  const { mirror } = site.configuration;
  if (mirror !== null) return [`deb ${mirror} ${suite} main`];
  const own = await hostSources(site, suite, signal);
  return own.length > 0 ? own : [`deb http://deb.debian.org/debian ${suite} main`];
}

async function hostSources(site: Site, suite: string, signal: AbortSignal): Promise<readonly string[]> {
  const format = '$(REPO_URI) $(RELEASE) $(COMPONENT)';
  const listed = await site
    .run('apt-get', ['indextargets', '--format', format, 'Identifier: Packages'], { signal })
    .catch(() => null); // no apt on this host
  signal.throwIfAborted();
  const releases = [suite, `${suite}-updates`, `${suite}-security`];
  const lines = (listed?.stdout ?? '').split('\n').flatMap((line) => {
    const [uri, release, component] = line.split(' ');
    if (uri === undefined || release === undefined || component !== 'main') return [];
    return releases.includes(release) && /^https?:/.test(uri) ? [`deb ${uri} ${release} main`] : [];
  });
  // Without the suite itself the others are of no use (a host of another release has its own security updates).
  return lines.some((line) => line.split(' ')[2] === suite) ? [...new Set(lines)].sort() : [];
}

/** Hosts of the lines' mirrors that speak plain HTTP; the package cache fetches from these and no other. */
export function mirrorHosts(sources: readonly string[]): ReadonlySet<string> {
  const urls = sources.map((line) => line.split(' ')[1] ?? '').filter((url) => url.startsWith('http:'));
  return new Set(urls.map((url) => new URL(url).host));
}
