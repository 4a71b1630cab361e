import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';

/** Where a site's boot service keeps what it needs on its host, below the data directory. */
export interface SiteDirectories {
  /** `/files/` and the TFTP server's root: what anyone may have. */
  readonly boot: string;
  /** Images that tasks name. */
  readonly images: string;
  /** Journal of the DHCP server. */
  readonly dhcp: string;
  /** Configuration of the processes. */
  readonly run: string;
  /** Public half of the site's key, SPKI PEM. */
  readonly publicKey: string;
}

/**
 * Makes them. The processes have become somebody else when they read: they may pass through and read, and there is nothing
 * secret in here.
 */
export async function prepareSiteDirectories(dataDirectory: string, siteId: string): Promise<SiteDirectories> {
  const site = path.join(dataDirectory, 'metal', siteId);
  const directories = {
    ...{ boot: path.join(site, 'boot'), images: path.join(site, 'images') },
    ...{ dhcp: path.join(site, 'dhcp'), run: path.join(site, 'run') },
  };
  for (const directory of [path.dirname(site), site, ...Object.values(directories)]) {
    await mkdir(directory, { recursive: true });
    // Whatever the umask says; the journal's owner is the server itself.
    if (directory !== directories.dhcp) await chmod(directory, 0o755);
  }
  return { ...directories, publicKey: path.join(site, 'site.pub') };
}
