/**
 * What Fastify itself takes: a server without anything of ours that answers fixed JSON, for benches to compare with.
 * Argument: a file that holds the bodies by path.
 */
import { readFileSync } from 'node:fs';
import Fastify from 'fastify';

const [file = ''] = process.argv.slice(2);
const bodies: unknown = JSON.parse(readFileSync(file, 'utf8'));
const app = Fastify({ logger: false });
for (const [path, body] of Object.entries(bodies ?? {})) app.get(path, () => Promise.resolve(body));
app.listen({ host: '127.0.0.1', port: 0 }).then(
  (url) => process.stdout.write(`${url} is ready\n`),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
const stop = (): void => void app.close().then(() => process.exit(0));
process.on('SIGTERM', stop);
process.stdin.on('end', stop).resume();
