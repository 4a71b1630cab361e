import type { ClientKey } from '../codec/hardware-address.ts';

/** Lets so many packets a second of one client pass, and some more at once. */
export type ClientLimit = (client: ClientKey, nowMs: number) => boolean;

/** Clients remembered in each of two generations: a flood of invented MACs costs no more memory than this. */
const generationSize = 32_768;

interface Bucket {
  tokens: number;
  atMs: number;
}

export function createClientLimit({
  packetsPerSecond,
  burst,
}: {
  packetsPerSecond: number;
  burst: number;
}): ClientLimit {
  if (packetsPerSecond === 0) return () => true;
  let young = new Map<ClientKey, Bucket>();
  let old = new Map<ClientKey, Bucket>();
  return (client, nowMs) => {
    let bucket = young.get(client);
    if (bucket === undefined) {
      bucket = old.get(client) ?? { tokens: burst, atMs: nowMs };
      if (young.size >= generationSize) {
        old = young;
        young = new Map();
      }
      young.set(client, bucket);
    }
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.atMs) * packetsPerSecond) / 1000);
    bucket.atMs = nowMs;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  };
}
