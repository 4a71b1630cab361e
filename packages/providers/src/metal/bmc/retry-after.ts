/** The header Retry-After (RFC 9110 section 10.2.3): seconds, or a date. Never more than a minute; null when it says nothing. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(60_000, Math.max(0, ms));
}
