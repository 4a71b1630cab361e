import fs from 'node:fs';
import { dirname } from 'node:path';
import type { OpenOptions, SiteCheck, SiteProblem } from '../contract.ts';
import type { Clock } from './clock.ts';
import type { SimConfiguration, SimCredentials } from './configuration.ts';

function repeated(field: 'images' | 'sizes' | 'zones' | 'capabilities', names: readonly string[]): SiteProblem[] {
  return names.flatMap((name, index) =>
    names.indexOf(name) === index
      ? []
      : [
          {
            path: `$.${field}[${index}]`,
            message: `${name} is listed twice.`,
            remedy: `Give each of ${field} a name of its own.`,
          },
        ],
  );
}

/** Where the state is to be, or the nearest directory above it that exists. */
function nearestExisting(path: string): string {
  return fs.existsSync(path) || dirname(path) === path ? path : nearestExisting(dirname(path));
}

function stateProblems({ configuration, dataDirectory }: OpenOptions<SimConfiguration, SimCredentials>): SiteProblem[] {
  if (configuration.state === 'memory') return [];
  const path = nearestExisting(dataDirectory);
  const remedy = 'Make the data directory writable for the worker, or set state: memory.';
  if (!fs.statSync(path).isDirectory()) return [{ path: '$.state', message: `${path} is no directory.`, remedy }];
  try {
    fs.accessSync(path, fs.constants.W_OK | fs.constants.X_OK);
    return [];
  } catch {
    return [{ path: '$.state', message: `${path} is not writable.`, remedy }];
  }
}

/** Rule 1: all that is wrong with the site, without touching anything. */
export function checkSite(options: OpenOptions<SimConfiguration, SimCredentials>, clock: Clock): SiteCheck {
  const { configuration } = options;
  const problems = [
    ...repeated(
      'images',
      configuration.images.map(({ name }) => name),
    ),
    ...repeated(
      'sizes',
      configuration.sizes.map(({ name }) => name),
    ),
    ...repeated('zones', configuration.zones),
    ...repeated('capabilities', configuration.capabilities),
    ...stateProblems(options),
  ];
  if (configuration.clock.kind === 'virtual' && !('advance' in clock)) {
    problems.push({
      path: '$.clock',
      message: 'A virtual clock stands still unless a test drives it.',
      remedy: 'Set clock: {kind: real, speed: <factor>}.',
    });
  }
  return {
    ok: problems.length === 0,
    problems,
    notes: [
      `seed ${configuration.seed}, ${configuration.faults.length} faults, state ${configuration.state}`,
      `up to ${configuration.maxNodes} machines in ${configuration.zones.join(', ')}`,
    ],
  };
}
