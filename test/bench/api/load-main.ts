/** The load generator: a process of its own, so that it takes nothing from what it measures. */
import { loadSchema, runLoad } from './load.ts';

process.on('message', (message) => {
  runLoad(loadSchema.parse(message)).then(
    (measured) => process.send?.(measured),
    (error: unknown) => {
      process.stderr.write(`the load generator failed: ${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
