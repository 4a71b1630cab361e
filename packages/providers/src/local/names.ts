import { createHash } from 'node:crypto';

const hashOf = (...parts: readonly string[]): string => createHash('sha256').update(parts.join('\n')).digest('hex');

/** What everything of one site on this host is named by: found again after a restart, never another site's. */
export interface SiteNames {
  readonly siteId: string;
  /** Eight hexadecimal digits of the site's id. */
  readonly tag: string;
  /** Group in every cgroup hierarchy that holds the groups of the site's nodes. */
  readonly cgroup: string;
  /** Prefix of the site's network namespaces and machine names. */
  readonly prefix: string;
  /** Address of the bridge itself: given when it is made, in one step, and proof that it is ours. */
  readonly bridgeMac: string;
}

export function siteNames(siteId: string): SiteNames {
  const tag = hashOf('site', siteId).slice(0, 8);
  const mac = (tag.match(/../g) ?? []).join(':');
  return { siteId, tag, cgroup: `formwork-${tag}`, prefix: `fw-${tag}-`, bridgeMac: `02:46:${mac}` };
}

/** Names of one machine, derived from its key alone, so that a machine whose making was cut short is found again. */
export interface NodeNames {
  readonly tag: string;
  /** Also the network namespace's and the machine's name. */
  readonly providerId: string;
  /** The host's end of the cable, at most 15 characters. */
  readonly link: string;
}

export function nodeNames(site: SiteNames, key: string): NodeNames {
  const tag = hashOf('node', key).slice(0, 10);
  return { tag, providerId: `${site.prefix}${tag}`, link: `fw${hashOf(site.siteId, key).slice(0, 12)}` };
}
