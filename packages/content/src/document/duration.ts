const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds of a text such as `10m`; null when it is none. */
export function parseDurationMs(text: string): number | null {
  const match = /^([1-9][0-9]{0,8})(ms|s|m|h|d)$/.exec(text);
  const unit = match?.[2];
  if (match === null || (unit !== 'ms' && unit !== 's' && unit !== 'm' && unit !== 'h' && unit !== 'd')) return null;
  return Number(match[1]) * unitMs[unit];
}
