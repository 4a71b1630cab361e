import type { Json, PathSegment, Problem } from '@formwork/core';
import { isJsonArray, suggest } from '@formwork/core';
import type { Liquid } from 'liquidjs';
import { problemAt, type RoleSource } from '../pack/pack-source.ts';
import { templateEngine } from '../template/template-engine.ts';
import type { LintCheck, LintContext } from './lint-context.ts';
import { namesOf, namesSecret, unknownNames } from './template-names.ts';

/** Templates in outputs, `pki`, `http` and `files`: syntax, names, and secrets that would come out in the open. */
export const roleTemplates: LintCheck = (context) => {
  const engine = templateEngine;
  return context.source.roles
    .filter((role) => role.sound)
    .flatMap((role) => [...valueTemplates(role, context, engine), ...fileTemplates(role, engine)]);
};

interface Template {
  readonly source: string;
  readonly path: readonly PathSegment[];
  readonly secret: boolean;
}

function valueTemplates(source: RoleSource, context: LintContext, engine: Liquid): Problem[] {
  const { file, value: role } = source;
  const names = namesOf(role, 'value');
  const templates: Template[] = [
    ...role.outputs.flatMap(({ name, value, secret }) => stringsIn(value, ['outputs', name, 'value'], secret)),
    ...(role.pki === null ? [] : stringsIn({ ...role.pki }, ['pki'], false)),
    ...(role.http === null ? [] : stringsIn(role.http.url, ['http', 'url'], false)),
  ];
  return templates.flatMap(({ source: text, path, secret }) => {
    const problems = templateProblems(
      engine,
      text,
      (code, message, remedy) => problemAt(file, path, code, message, remedy),
      names,
    );
    if (problems.length > 0 || secret || !namesSecret(engine, text, role, context)) return problems;
    return [
      problemAt(
        file,
        path,
        'secret-exposed',
        'this would show a secret in the open',
        'declare the output secret: true',
      ),
    ];
  });
}

function fileTemplates({ value: role, files }: RoleSource, engine: Liquid): Problem[] {
  const names = namesOf(role, 'file');
  const folder = `roles/${role.name}`;
  return role.files.flatMap(({ from }) => {
    const source = files[from];
    if (source === undefined) return [];
    return templateProblems(
      engine,
      source,
      (code, message, remedy, line) => ({
        ...problemAt(`${folder}/${from}`, [], code, message, remedy),
        ...(line === undefined ? {} : { line }),
      }),
      names,
    );
  });
}

type Report = (code: string, message: string, remedy?: string, line?: number) => Problem;

function templateProblems(
  engine: Liquid,
  source: string,
  report: Report,
  names: ReturnType<typeof namesOf>,
): Problem[] {
  try {
    return unknownNames(engine, source, names).map(({ name, remedy }) =>
      report(
        'unknown-variable',
        `the template names '${name}', which the role does not declare`,
        remedy,
        lineOf(source, name),
      ),
    );
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
    const line = /, line:(\d+)/.exec(message)?.[1];
    const filter = /undefined filter: (\w+)/.exec(message)?.[1];
    return [
      report(
        'bad-template',
        `the template cannot be read: ${message}`,
        filter === undefined ? undefined : suggest(filter, Object.keys(engine.filters)),
        line === undefined ? undefined : Number(line),
      ),
    ];
  }
}

/** The first line with the last part of the name; a name may be written in several ways. */
function lineOf(source: string, name: string): number {
  const last = name.split('.').at(-1) ?? name;
  return Math.max(1, source.split('\n').findIndex((line) => line.includes(last)) + 1);
}

function stringsIn(value: Json | undefined, path: readonly PathSegment[], secret: boolean): Template[] {
  if (typeof value === 'string') return value.includes('{') ? [{ source: value, path, secret }] : [];
  if (value === undefined || value === null || typeof value !== 'object') return [];
  if (isJsonArray(value)) return value.flatMap((item, index) => stringsIn(item, [...path, index], secret));
  return Object.entries(value).flatMap(([key, item]) => stringsIn(item, [...path, key], secret));
}
