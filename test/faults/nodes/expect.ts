import { isDeepStrictEqual } from 'node:util';

/** Throws what was violated, in words. */
export function must(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

/** Throws when it is not what it must be, and says both. */
export function mustEqual(what: string, seen: unknown, wanted: unknown): void {
  if (!isDeepStrictEqual(seen, wanted))
    throw new Error(`${what}: must be ${JSON.stringify(wanted)}, is ${JSON.stringify(seen)}`);
}
