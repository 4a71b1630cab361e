import type { JsonObject, PathSegment, Problem } from '@formwork/core';
import { readObject } from '../document/read-json.ts';
import { problemAt } from '../pack/pack-source.ts';
import type { LintCheck } from './lint-context.ts';

/** Keys that the format has and the engine does not do yet: refused, so that nobody believes they work. */
export const notAvailableYet: LintCheck = ({ source }) => {
  const problems: Problem[] = [];
  const refuse = (file: string, path: readonly PathSegment[], what: string): void => {
    problems.push(problemAt(file, path, 'not-available-yet', `${what} is not available yet`, 'leave it out'));
  };
  const params = (file: string, document: JsonObject): void => {
    for (const [name, declaration] of Object.entries(readObject(document['params']))) {
      if (readObject(declaration)['path'] !== undefined) refuse(file, ['params', name, 'path'], "'path'");
    }
  };
  params('pack.yaml', source.document);
  for (const { file, document } of source.roles) {
    params(file, document);
    const executor = document['executor'];
    if (executor === 'ansible' || executor === 'helm' || executor === 'kubectl') {
      refuse(file, ['executor'], `the executor '${executor}'`);
    }
    for (const key of ['disruptionHandler', 'upgrades', 'when'])
      if (document[key] !== undefined) refuse(file, [key], `'${key}'`);
    const steps = readObject(document['steps']);
    for (const step of ['refresh', 'revoke']) {
      if (steps[step] !== undefined) refuse(file, ['steps', step], `the step '${step}'`);
    }
    for (const [name, declaration] of Object.entries(readObject(document['outputs']))) {
      for (const key of ['ttl', 'minRemaining']) {
        if (readObject(declaration)[key] !== undefined) refuse(file, ['outputs', name, key], `'${key}'`);
      }
    }
  }
  return problems;
};
