/** The listeners of the event stream: a process of their own. */
import { createListeners, listenRequestSchema } from './listen.ts';

const answer = createListeners();
process.on('message', (message) => {
  answer(listenRequestSchema.parse(message)).then(
    (said) => process.send?.(said),
    (error: unknown) => {
      process.stderr.write(`the listeners failed: ${String(error)}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(0));
