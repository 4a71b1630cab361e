/**
 * The boot listener as a process: `node main.js CONFIGURATION.json`, with what bootListenerConfiguration describes in the
 * file, started with an IPC channel (`serialization: 'advanced'`) over which its parent decides; without one it serves
 * files and tells machines to ask again. It has no key and no database. stderr: a line of JSON for every problem. It ends
 * on SIGTERM, and with its parent. Exit status: 0 stopped as asked, 1 not started, 2 wrong configuration.
 */
import { readFileSync } from 'node:fs';
import { type BootListenerConfiguration, bootListenerConfiguration } from './listener/configuration.ts';
import { type FromListener, readToListener } from './listener/messages.ts';
import { createParent } from './listener/parent.ts';
import { serveBoot } from './listener/serve.ts';

const give = (status: number, problem: string): never => {
  process.stderr.write(`${JSON.stringify({ event: 'not-started', problem })}\n`);
  process.exit(status);
};
const say = (message: FromListener): boolean => {
  if (!process.connected || process.send === undefined) return false;
  process.send(message);
  return true;
};

const configuration = read(process.argv[2]);
const parent = createParent({ say, decisionMs: configuration.limits.decisionMs });
process.on('message', (value) => parent.heard(readToListener(value)));
// The parent is gone, or wants us to be.
process.on('disconnect', () => process.exit(0));
try {
  const listener = await serveBoot(configuration, parent);
  const stop = (): void => {
    listener.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop);
  // A Ctrl-C reaches both: the parent decides when to end.
  process.on('SIGINT', () => {
    if (!process.connected) stop();
  });
  process.stdout.on('error', () => {});
  process.stdout.write(`${JSON.stringify({ ready: true, addresses: listener.addresses })}\n`);
  say({ kind: 'ready', addresses: listener.addresses.map(({ address, port }) => ({ address, port })) });
} catch (error) {
  give(1, error instanceof Error ? error.message : String(error));
}

function read(file: string | undefined): BootListenerConfiguration {
  if (file === undefined) return give(2, 'usage: main.js CONFIGURATION.json');
  try {
    const parsed = bootListenerConfiguration.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (parsed.success) return parsed.data;
    return give(2, parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '));
  } catch (error) {
    return give(2, error instanceof Error ? error.message : String(error));
  }
}
