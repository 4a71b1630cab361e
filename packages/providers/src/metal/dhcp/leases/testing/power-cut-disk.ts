import type { LeaseDisk } from '../lease-disk.ts';

/**
 * A disk whose power can be cut. What `append` wrote is safe once it resolved; of what it was writing then, any part may
 * be there, sector by sector in any order, as `random` says.
 */
export interface PowerCutDisk extends LeaseDisk {
  /** What is found after the power comes back: the old object is dead, the answer is the disk to go on with. */
  cut(random: () => number): PowerCutDisk;
  /** Lets writes finish, or fail. While false they wait. */
  allow(how: 'all' | 'none' | 'fail'): void;
}

const sectorBytes = 64;

export function createPowerCutDisk(initial: Buffer | null = null): PowerCutDisk {
  let durable = initial;
  let writing: Buffer | null = null;
  let how: 'all' | 'none' | 'fail' = 'all';
  let dead = false;
  let waiting: (() => void)[] = [];
  const turn = async (): Promise<void> => {
    while (how === 'none') await new Promise<void>((resolve) => waiting.push(resolve));
    if (dead) await new Promise(() => undefined);
    if (how === 'fail') throw new Error('the disk is full');
  };
  return {
    load: () => Promise.resolve(durable),
    append: async (bytes) => {
      writing = Buffer.from(bytes);
      await turn();
      durable = Buffer.concat([durable ?? Buffer.alloc(0), writing]);
      writing = null;
    },
    startReplacement: () => {
      const parts: Buffer[] = [];
      return Promise.resolve({
        write: (bytes) => {
          parts.push(Buffer.from(bytes));
          return Promise.resolve();
        },
        commit: async () => {
          await turn();
          durable = Buffer.concat(parts);
          writing = null;
        },
        abandon: () => Promise.resolve(),
      });
    },
    usedBytes: () => durable?.length ?? 0,
    close: () => Promise.resolve(),
    allow: (next) => {
      how = next;
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    },
    cut: (random) => {
      dead = true;
      if (writing === null || durable === null) return createPowerCutDisk(durable);
      const torn = Buffer.from(writing);
      for (let at = 0; at < torn.length; at += sectorBytes)
        if (random() < 0.5) torn.fill(0, at, Math.min(torn.length, at + sectorBytes));
      return createPowerCutDisk(Buffer.concat([durable, torn]));
    },
  };
}
