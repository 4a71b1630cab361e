import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/** The program that runs on nodes, ready to be sent. */
export interface Supervisor {
  readonly text: string;
  /** SHA-256 of the text, hex: nodes keep one copy a digest. */
  readonly digest: string;
}

/** From src/runner and from dist/runner alike: the shell parts lie beside both. */
const folder = new URL('../../node/supervisor/', import.meta.url);

/** Reads the parts in the order of their names and joins them; comment lines stay here. Synchronous: once, at start. */
export function loadSupervisor(): Supervisor {
  const parts = readdirSync(folder)
    .filter((name) => name.endsWith('.sh'))
    .sort()
    .map((name) => readFileSync(new URL(name, folder), 'utf8'));
  const lines = parts.join('').split('\n');
  const text = `${lines.filter((line) => line.trim() !== '' && !/^\s*#/.test(line)).join('\n')}\n`;
  return { text, digest: createHash('sha256').update(text).digest('hex') };
}
