import { createHash } from 'node:crypto';

/** Hosts at once, and tasks on each, on either side. */
export const shape = { nodes: 10, steps: 10 } as const;

export const images = { 'bench-debian-12': { suite: 'bookworm', packages: ['python3'] } };

/** Each side has a network of its own on this machine. */
export const networks = {
  formwork: { bridge: 'fwbench41', network: '10.96.41' },
  ansible: { bridge: 'fwbench42', network: '10.96.42' },
} as const;

/** The cgroup that holds every machine of a site, in each hierarchy. */
export const cgroupOf = (siteId: string): string =>
  `formwork-${createHash('sha256').update(`site\n${siteId}`).digest('hex').slice(0, 8)}`;

/** The parameter that the third run changes. */
export const mottos = { before: 'as ever', after: 'something new' } as const;
