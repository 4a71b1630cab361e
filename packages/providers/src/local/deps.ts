import type { Drivers } from './drivers/choice.ts';
import type { Limiter } from './limiter.ts';
import type { Host } from './map.ts';
import type { PackageCache } from './package-cache.ts';
import type { Prerequisites } from './prerequisites.ts';
import type { Site } from './site.ts';

/** What the provider's calls work with; made once when the site is opened. */
export interface LocalDeps {
  readonly site: Site;
  readonly host: Host;
  readonly drivers: Drivers;
  readonly prerequisites: Prerequisites;
  readonly packages: PackageCache;
  /** Bounds how many machines start at once. */
  readonly starts: Limiter;
}
