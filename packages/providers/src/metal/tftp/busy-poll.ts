/**
 * Looks for the next packet without going to sleep, for a very short time after something was sent. In lock-step a
 * transfer is bound by how long server and client take to wake, on a virtual machine far longer than by anything else.
 * It stops by itself where answers do not come that fast (a real distance away), and tries again later.
 */
import { performance } from 'node:perf_hooks';

export interface BusyPoll {
  /** A packet of a transfer has come, and what it asked for was sent. */
  answered(): void;
}

interface Deps {
  /** How long to look; 0 never does. */
  readonly budgetUs: number;
  /** Whether the machine has a core to spare for it. */
  readonly allowed: () => boolean;
}

const missesUntilRest = 16;
const answersOfRest = 4096;

export function createBusyPoll({ budgetUs, allowed }: Deps): BusyPoll {
  const budgetMs = budgetUs / 1000;
  let looking = false;
  let sinceMs = 0;
  let misses = 0;
  let rest = 0;

  const look = (): void => {
    if (performance.now() - sinceMs < budgetMs) {
      setImmediate(look);
      return;
    }
    looking = false;
    misses += 1;
    if (misses >= missesUntilRest) {
      misses = 0;
      rest = answersOfRest;
    }
  };
  return {
    answered: () => {
      if (rest > 0) {
        rest -= 1;
        return;
      }
      if (budgetUs === 0 || !allowed()) return;
      sinceMs = performance.now();
      if (looking) {
        misses = 0;
        return;
      }
      looking = true;
      setImmediate(look);
    },
  };
}
