import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import type { Round } from '../scenario.ts';
import { between, pick } from '../seeded.ts';

/** Something that is killed at once and brought back later. */
interface Victim {
  readonly name: string;
  strike(): Promise<void> | void;
  mend(): Promise<void> | void;
}

function victimsOf(cluster: Cluster): readonly Victim[] {
  const { postgres, redis } = cluster;
  const processes = [...cluster.servers, ...cluster.workers].map((one) => ({
    name: one.name,
    strike: () => one.kill(),
    mend: () => one.start(),
  }));
  return [
    ...processes,
    { name: 'postgres', strike: () => postgres.killServer(), mend: () => undefined },
    { name: 'postgres and its supervisor', strike: () => postgres.killBoth(), mend: () => postgres.start() },
    ...(redis === null ? [] : [{ name: 'redis', strike: () => redis.kill(), mend: () => redis.restart() }]),
  ];
}

export interface Strikes {
  readonly count: number;
  /** Longest time before each, milliseconds. */
  readonly everyMs: number;
  /** Longest time until what was killed is back. */
  readonly backWithinMs: number;
}

/** Kills by SIGKILL at drawn moments, each back after a drawn pause; all are back when this resolves. */
export async function strikeAtRandom(cluster: Cluster, round: Round, strikes: Strikes): Promise<void> {
  const beganMs = performance.now();
  const down = new Set<string>();
  const mending: Promise<void>[] = [];
  for (let count = 0; count < strikes.count; count += 1) {
    await sleep(between(round.random, 50, strikes.everyMs));
    const standing = victimsOf(cluster).filter(({ name }) => !down.has(name.split(' ')[0] ?? name));
    if (standing.length === 0) continue;
    const victim = pick(round.random, standing);
    const pauseMs = between(round.random, 0, strikes.backWithinMs);
    const short = victim.name.split(' ')[0] ?? victim.name;
    down.add(short);
    round.note(
      `${victim.name} at ${((performance.now() - beganMs) / 1000).toFixed(1)} s for ${(pauseMs / 1000).toFixed(1)} s`,
    );
    await victim.strike();
    mending.push(
      sleep(pauseMs)
        .then(() => victim.mend())
        .then(() => {
          down.delete(short);
        }),
    );
  }
  await Promise.all(mending);
}
