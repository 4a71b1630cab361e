import { builtProgram } from '../built-program.ts';
import type { ServiceName } from './supervise.ts';

/** V8 lets its heap grow to several times of what is in use; on a host that has other work too it may not. */
const thrifty = ['--max-semi-space-size=4', '--heap-growing-percent=20', '--no-allocation-site-pretenuring'];

/** The built programs beside this one. Errors: `not-built`. */
export function findPrograms(dataDirectory: string): Readonly<Record<ServiceName, readonly string[]>> {
  return {
    database: [builtProgram('packages/db/dist/embedded/main.js'), '--data', `${dataDirectory}/postgres`],
    server: [...thrifty, builtProgram('apps/server/dist/main.js')],
    worker: [...thrifty, builtProgram('apps/worker/dist/main.js')],
  };
}
