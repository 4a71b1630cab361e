import { rounded } from '../support/statistics.ts';
import type { Cable } from './cable.ts';
import { type Run, runPerfdhcp } from './perfdhcp.ts';
import type { RunningServer } from './servers.ts';

/** The best run with less than one lost of a hundred, and every run that was tried. */
export interface Climb {
  readonly best: (Run & { readonly cpuUsPerExchange: number }) | null;
  readonly tried: readonly Run[];
}

const mostLoss = 0.01;
const step = 1.2;

/** Raises the rate by a fifth until a rate loses too much twice; lowers it first when already the start does. */
export async function climb(
  cable: Cable,
  server: RunningServer,
  clients: number,
  startRate: number,
  seconds: number,
): Promise<Climb> {
  const tried: Run[] = [];
  let best: Climb['best'] = null;
  const holds = async (perSecond: number): Promise<boolean> => {
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const before = server.cpuMs();
      const run = await runPerfdhcp(cable, { perSecond, clients, seconds });
      tried.push(run);
      if (run.discoverLoss >= mostLoss || run.requestLoss >= mostLoss) continue;
      const cpuUsPerExchange = rounded(((server.cpuMs() - before) * 1000) / (run.achieved * seconds));
      if (best === null || run.achieved > best.achieved) best = { ...run, cpuUsPerExchange };
      return true;
    }
    return false;
  };
  let rate = startRate;
  while (rate > 10 && !(await holds(Math.round(rate)))) rate /= step * step;
  for (rate *= step; rate < 50_000 && (await holds(Math.round(rate))); ) rate *= step;
  return { best, tried };
}
