import type { Io } from '../io.ts';
import { formatDuration } from '../output/time.ts';
import type { ChildEvent } from './child.ts';
import type { FirstToken } from './admin-token.ts';

export type UpEvent =
  | ChildEvent
  | { readonly kind: 'orphans'; readonly names: readonly string[] }
  | { readonly kind: 'first-token'; readonly first: FirstToken }
  | { readonly kind: 'ready'; readonly url: string; readonly dataDirectory: string }
  | { readonly kind: 'stopping' }
  | { readonly kind: 'stopped' };

/** Says what happens: a line for people, or with `json` an object a line, `{"event": ..}`. */
export function createReport(io: Io, json: boolean): (event: UpEvent) => void {
  return (event) => {
    if (json) {
      const { kind, ...fields } = event;
      io.out.write(`${JSON.stringify({ event: kind, at: new Date().toISOString(), ...fields })}\n`);
      return;
    }
    for (const line of describe(event)) io.out.write(`${line}\n`);
  };
}

function describe(event: UpEvent): readonly string[] {
  switch (event.kind) {
    case 'started':
      return [`${event.name} started (pid ${String(event.pid)})`];
    case 'ended': {
      const again = `${event.name} ended: ${event.how}; starting it again in ${formatDuration(event.delayMs)}`;
      return event.quickDeaths < 3 ? [again] : [again, ...event.tail.map((line) => `  | ${line}`)];
    }
    case 'orphans':
      return [`ended what an earlier "up" had left: ${event.names.join(', ')}`];
    case 'first-token':
      return [
        `first admin token, shown this once: ${event.first.token}`,
        `stored as context "local" in ${event.first.configFile}`,
      ];
    case 'ready':
      return [`formwork is ready at ${event.url} (data: ${event.dataDirectory})`];
    case 'stopping':
      return ['stopping'];
    case 'stopped':
      return ['stopped'];
  }
}
