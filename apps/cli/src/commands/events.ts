import type { EventResponse } from '@formwork/api';
import type { Command } from 'commander';
import { z } from 'zod';
import { apiCommand, readOptions } from '../command-options.ts';
import type { Io } from '../io.ts';
import { formatClock } from '../output/time.ts';
import { openSession, type Session } from '../session.ts';

const optionsSchema = z.object({
  follow: z.boolean().default(false),
  deployment: z.string().optional(),
  node: z.string().optional(),
  site: z.string().optional(),
  kind: z.string().optional(),
  after: z.coerce.number().int().min(0).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});

export function eventsCommand(io: Io): Command {
  return apiCommand('events', 'print the feed, oldest first')
    .option('-f, --follow', 'go on with what happens, until interrupted')
    .option('-d, --deployment <name>')
    .option('--node <name>')
    .option('--site <name>')
    .option('--kind <kinds>', 'comma-separated; a prefix ends in "."')
    .option('--after <id>', 'only events after this one')
    .option('--limit <n>', 'at most so many when not following', '100')
    .action(async (given: unknown) => {
      const { follow, limit, ...filters } = readOptions(optionsSchema, given);
      const session = await openSession(io, given);
      if (!follow) {
        const page = await session.client.call('listEvents', { query: { ...filters, limit } });
        if (session.format === 'table') for (const event of page.items) print(session, event);
        else session.print(page.items, '');
        return;
      }
      const events = session.client.stream('listEvents', {
        query: filters,
        signal: io.interrupted,
        onReconnect: () => {
          session.note(session.paint.dim('connection lost; resuming'));
        },
      });
      for await (const { data } of events) print(session, data);
    });
}

/** A line of text, or of JSON for every other format: a feed has no end that YAML could wait for. */
function print({ format, io, paint }: Session, event: EventResponse): void {
  if (format !== 'table') {
    io.out.write(`${JSON.stringify(event)}\n`);
    return;
  }
  const place = event.nodeRole ?? event.node ?? event.deployment ?? event.site ?? '';
  const words = [
    paint.dim(`${String(event.id)} ${formatClock(new Date(event.at))}`),
    event.kind,
    paint.bold(place),
    event.message,
  ];
  io.out.write(`${words.filter((word) => word !== '').join(' ')} ${paint.dim(`(${event.actor})`)}\n`);
}
