/** How many packets a parser is tried with, and from which seed: printed, so that a failure can be had again. */
export function fuzzSettings(what: string): { readonly numRuns: number; readonly seed: number } {
  const { FORMWORK_TEST_SEED } = process.env;
  const numRuns = fuzzPackets();
  const seed = FORMWORK_TEST_SEED === undefined ? Date.now() % 0x7fffffff : Number(FORMWORK_TEST_SEED);
  process.stderr.write(`${what}: ${numRuns} packets, FORMWORK_TEST_SEED=${seed}\n`);
  return { numRuns, seed };
}

const fuzzPackets = (): number => Number(process.env['FORMWORK_FUZZ_PACKETS'] ?? '20000');

/** A long run takes its time. */
export const fuzzTimeoutMs = (): number => 30_000 + fuzzPackets() / 2;
