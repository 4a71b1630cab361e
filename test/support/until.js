/** Longest wait for anything in a test unless it says; what was last seen is in the error. */
const defaultPatienceMs = 60_000;
/** Waits for a condition, not for a time: looks again until `look` answers something that `holds`. */
export async function until(what, look, holds = Boolean, patienceMs = defaultPatienceMs) {
  const giveUpAt = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > giveUpAt) throw new Error(`never came true: ${what}; last seen: ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
//# sourceMappingURL=until.js.map
