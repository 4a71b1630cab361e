/** `0.4s`, `12s`, `3m05s`, `2h10m`, `3d04h`: the two greatest units. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(0, durationMs) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)}s`;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${String(whole)}s`;
  if (whole < 3600) return `${String(Math.floor(whole / 60))}m${pad(whole % 60)}s`;
  if (whole < 86_400) return `${String(Math.floor(whole / 3600))}h${pad(Math.floor((whole % 3600) / 60))}m`;
  return `${String(Math.floor(whole / 86_400))}d${pad(Math.floor((whole % 86_400) / 3600))}h`;
}

const pad = (value: number): string => String(value).padStart(2, '0');

/** `14:03:07` in the zone of the machine. */
export const formatClock = (time: Date): string =>
  `${pad(time.getHours())}:${pad(time.getMinutes())}:${pad(time.getSeconds())}`;
