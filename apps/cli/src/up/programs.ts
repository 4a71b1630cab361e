import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FormworkError } from '@formwork/api';
import type { ServiceName } from './supervise.ts';

const files: Readonly<Record<ServiceName, string>> = {
  database: 'packages/db/dist/embedded/main.js',
  server: 'apps/server/dist/main.js',
  worker: 'apps/worker/dist/main.js',
};

/** V8 lets its heap grow to several times of what is in use; on a host that has other work too it may not. */
const thrifty = ['--max-semi-space-size=4', '--heap-growing-percent=20', '--no-allocation-site-pretenuring'];

/** The built programs beside this one. Errors: `not-built`. */
export function findPrograms(dataDirectory: string): Readonly<Record<ServiceName, readonly string[]>> {
  const root = new URL('../../../../', import.meta.url);
  const find = (name: ServiceName): string => {
    const file = fileURLToPath(new URL(files[name], root));
    if (existsSync(file)) return file;
    throw new FormworkError('invalid', 'not-built', `${file} is not there; build it with: npm run build`);
  };
  return {
    database: [find('database'), '--data', `${dataDirectory}/postgres`],
    server: [...thrifty, find('server')],
    worker: [...thrifty, find('worker')],
  };
}
