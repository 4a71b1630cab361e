import { type Client, createClient } from '@formwork/api';
import { z } from 'zod';
import { resolveConnection } from './config/connection.ts';
import type { Io } from './io.ts';
import { outputFormats, type OutputFormat, renderValue } from './output/format.ts';
import { createPaint, type Paint, wantsColours } from './output/paint.ts';

/** Options every command takes. */
const commonSchema = z.object({
  url: z.string().optional(),
  tokenFile: z.string().optional(),
  context: z.string().optional(),
  output: z.enum(outputFormats).default('table'),
  color: z.boolean().default(true),
});

/** One command's client and way of speaking. */
export interface Session {
  readonly client: Client;
  readonly token: string | null;
  readonly format: OutputFormat;
  readonly paint: Paint;
  readonly io: Io;
  /** The value itself for json and yaml; `text` for people; `name` for `-o name`. */
  print(value: unknown, text: string, name?: string): void;
  /** A remark for people, on stderr; not part of the output. */
  note(text: string): void;
}

export async function openSession(io: Io, options: unknown): Promise<Session> {
  const { output, color, ...connectionOptions } = commonSchema.parse(options);
  const connection = await resolveConnection(connectionOptions, io.env);
  return {
    client: createClient({ baseUrl: connection.url, token: connection.token }),
    token: connection.token,
    format: output,
    paint: createPaint(color && wantsColours(io.out.isTerminal, io.env)),
    io,
    print: (value, text, name) => {
      if (output === 'json' || output === 'yaml') io.out.write(renderValue(output, value));
      else io.out.write(output === 'name' && name !== undefined ? `${name}\n` : text);
    },
    note: (text) => {
      io.err.write(`${text}\n`);
    },
  };
}
