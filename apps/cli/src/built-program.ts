import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { FormworkError } from '@formwork/api';

/** A program that was built beside this one, by its path below the repository. Errors: `not-built`. */
export function builtProgram(path: string): string {
  const file = fileURLToPath(new URL(`../../../${path}`, import.meta.url));
  if (existsSync(file)) return file;
  throw new FormworkError('invalid', 'not-built', `${file} is not there; build it with: npm run build`);
}
