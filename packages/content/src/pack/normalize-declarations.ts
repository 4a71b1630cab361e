import type { Json, OutputDeclaration, ParamDeclaration } from '@formwork/core';
import { disruptions, isJsonObject } from '@formwork/core';
import { parseDurationMs } from '../document/duration.ts';
import { readObject, readText, readWord, withoutKeys } from '../document/read-json.ts';

const paramKeys = new Set(['default', 'disruption', 'secret', 'immutable', 'scope', 'path']);
const outputKeys = new Set(['secret', 'ttl', 'minRemaining', 'value', 'example']);

export function normalizeParams(namespace: string, params: Json | undefined): ParamDeclaration[] {
  return Object.entries(readObject(params)).map(([name, value]) => {
    const declaration = readObject(value);
    return {
      fullName: `${namespace}.${name}`,
      schema: withoutKeys(declaration, paramKeys),
      ...(declaration['default'] === undefined ? {} : { default: declaration['default'] }),
      disruption: readWord(declaration['disruption'], disruptions),
      secret: declaration['secret'] === true,
      immutable: declaration['immutable'] === true,
      scope: declaration['scope'] === 'site' ? 'site' : 'any',
    };
  });
}

/** Secret outputs without value or example get an example of their own, so that a simulated run can answer them. */
export function normalizeOutputs(role: string, outputs: Json | undefined): OutputDeclaration[] {
  return Object.entries(readObject(outputs)).map(([name, value]) => {
    const declaration = readObject(value);
    const schema = withoutKeys(declaration, outputKeys);
    const secret = declaration['secret'] === true;
    const simulated =
      secret && declaration['value'] === undefined && schema['type'] === 'string'
        ? `simulated ${role} ${name}`
        : undefined;
    const example = declaration['example'] ?? simulated;
    return {
      name,
      schema,
      secret,
      ttlMs: parseDurationMs(readText(declaration['ttl'])),
      minRemainingMs: parseDurationMs(readText(declaration['minRemaining'])),
      ...(declaration['value'] === undefined ? {} : { value: declaration['value'] }),
      ...(example === undefined ? {} : { example }),
    };
  });
}

/** Whether a role's document gives the output an example itself. */
export const hasOwnExample = (outputs: Json | undefined, name: string): boolean => {
  const declaration = readObject(outputs)[name];
  return isJsonObject(declaration) && declaration['example'] !== undefined;
};
