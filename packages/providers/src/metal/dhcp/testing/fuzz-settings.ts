/** How many packets a parser is tried with, and from which seed: printed, so that a failure can be had again. */
export function fuzzSettings(what: string): { readonly numRuns: number; readonly seed: number } {
  const { FORMWORK_FUZZ_PACKETS = '20000', FORMWORK_TEST_SEED } = process.env;
  const numRuns = Number(FORMWORK_FUZZ_PACKETS);
  const seed = FORMWORK_TEST_SEED === undefined ? Date.now() % 0x7fffffff : Number(FORMWORK_TEST_SEED);
  process.stderr.write(`${what}: ${numRuns} packets, FORMWORK_TEST_SEED=${seed}\n`);
  return { numRuns, seed };
}
