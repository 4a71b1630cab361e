import { readFile } from 'node:fs/promises';
import { FormworkError, problemsOf } from '@formwork/api';
import { locateProblems } from '@formwork/content';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Io } from './io.ts';

export interface SpecificationFile {
  readonly file: string;
  readonly text: string;
  /** What `name:` says. */
  readonly name: string;
}

const namedSchema = z.object({ name: z.string().min(1) });

/** Reads a specification; `-` is stdin. Only its name is looked at: the server checks, and says everything at once. */
export async function readSpecification(io: Io, file: string): Promise<SpecificationFile> {
  const text = file === '-' ? await io.readStdin() : await readText(file);
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FormworkError('invalid', 'invalid-yaml', `${file}: ${why}`, { cause });
  }
  const named = namedSchema.safeParse(document);
  if (!named.success) {
    throw new FormworkError(
      'invalid',
      'no-name',
      `${file}: the specification needs a "name:", the name of its deployment`,
    );
  }
  return { file, text, name: named.data.name };
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new FormworkError('invalid', 'unreadable-file', `the file ${file} cannot be read`, { cause });
  }
}

/** The same failure, its problems with file, line and column. */
export function locateFailure(error: unknown, { file, text }: SpecificationFile): unknown {
  const problems = problemsOf(error);
  if (!(error instanceof FormworkError) || problems.length === 0) return error;
  return new FormworkError(error.kind, error.code, error.message, {
    cause: error,
    details: { ...error.details, problems: locateProblems(text, problems, file) },
  });
}
