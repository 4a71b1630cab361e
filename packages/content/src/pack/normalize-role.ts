import type {
  HttpDeclaration,
  Json,
  JsonObject,
  Need,
  PkiDeclaration,
  Requirement,
  RetryPolicy,
  RoleDefinition,
  StepName,
} from '@formwork/core';
import { disruptions, isJsonObject } from '@formwork/core';
import { parseDurationMs } from '../document/duration.ts';
import {
  readList,
  readNumber,
  readObject,
  readText,
  readTextOrNull,
  readTexts,
  readTruth,
  readWord,
} from '../document/read-json.ts';
import { normalizeOutputs, normalizeParams } from './normalize-declarations.ts';

const stepNames: readonly StepName[] = ['check', 'apply', 'verify', 'refresh', 'revoke', 'remove', 'evict'];

/** A role's document with every default filled in; its digest is still empty. */
export function normalizeRole(
  name: string,
  pack: { name: string; version: string },
  document: JsonObject,
): RoleDefinition {
  const kind = readWord(document['kind'], ['state', 'task', 'test']);
  return {
    name,
    pack: pack.name,
    packVersion: pack.version,
    summary: readText(document['summary']),
    digest: '',
    kind,
    placement: readWord(document['placement'], ['each', 'once', 'rest', 'deployment']),
    restOf: readTextOrNull(document['restOf']),
    runsOn: readTextOrNull(document['runsOn']),
    requires: readList(document['requires']).map(requirement),
    needs: readList(document['needs']).map(need),
    after: readTexts(document['after']),
    provides: readTexts(document['provides']),
    conflicts: readTexts(document['conflicts']),
    facts: readTexts(document['facts']),
    when: readTextOrNull(document['when']),
    executor: readWord(document['executor'], ['script', 'pki', 'http', 'noop', 'provider']),
    pki: pki(document['pki']),
    http: http(document['http']),
    steps: steps(document['steps']),
    files: readList(document['files']).map((file) => ({
      from: readText(readObject(file)['from']),
      to: readText(readObject(file)['to']),
    })),
    params: normalizeParams(name, document['params']),
    uses: readTexts(document['uses']),
    outputs: normalizeOutputs(name, document['outputs']),
    limits: limits(document['limits']),
    cluster: cluster(document['cluster']),
    lane: readTextOrNull(document['lane']) ?? 'main',
    timeoutMs: parseDurationMs(readText(document['timeout'])) ?? 600_000,
    retry: retry(document['retry']),
    upgrades: readList(document['upgrades']).map((upgrade) => ({
      from: readText(readObject(upgrade)['from']),
      disruption: readWord(readObject(upgrade)['disruption'], disruptions),
      rerun: readTruth(readObject(upgrade)['rerun'], true),
    })),
    removeOnDestroy: readTruth(document['removeOnDestroy'], false),
  };
}

function requirement(value: Json): Requirement {
  if (typeof value === 'string') return { role: value, outputs: [] };
  return { role: readText(readObject(value)['role']), outputs: readTexts(readObject(value)['outputs']) };
}

function need(value: Json): Need {
  const document = readObject(value);
  return {
    role: readText(document['role']),
    from: readWord(document['from'], ['all', 'any', 'one', 'founders', 'peers']),
    outputs: readTexts(document['outputs']),
    tracked: readTruth(document['tracked'], true),
    on: readWord(document['on'], ['both', 'create', 'change']),
    min: document['min'] === 'quorum' ? 'quorum' : readNumber(document['min'], 1),
    optional: readTruth(document['optional'], false),
  };
}

function pki(value: Json | undefined): PkiDeclaration | null {
  if (!isJsonObject(value)) return null;
  return {
    make: readWord(value['make'], ['leaf', 'authority']),
    issuer: readTextOrNull(value['issuer']),
    commonName: readText(value['commonName']),
    dns: readTexts(value['dns']),
    ip: readTexts(value['ip']),
    days: readNumber(value['days'], 365),
  };
}

function http(value: Json | undefined): HttpDeclaration | null {
  if (!isJsonObject(value)) return null;
  return {
    url: readText(value['url']),
    method: readWord(value['method'], ['GET', 'POST']),
    expectStatus: readNumber(value['expectStatus'], 200),
    timeoutMs: parseDurationMs(readText(value['timeout'])) ?? 10_000,
  };
}

function steps(value: Json | undefined): RoleDefinition['steps'] {
  const document = readObject(value);
  const named = stepNames.flatMap((step) => {
    const file = document[step];
    return typeof file === 'string' ? [[step, file] as const] : [];
  });
  return Object.fromEntries(named);
}

function limits(value: Json | undefined): RoleDefinition['limits'] {
  const { max, lock } = readObject(value);
  return {
    max: typeof max === 'number' || typeof max === 'string' ? max : null,
    lock:
      typeof lock === 'string'
        ? { name: lock, scope: 'deployment' }
        : isJsonObject(lock)
          ? { name: readText(lock['name']), scope: readWord(lock['scope'], ['deployment', 'site', 'global']) }
          : null,
  };
}

function cluster(value: Json | undefined): RoleDefinition['cluster'] {
  if (!isJsonObject(value)) return null;
  return {
    founding: readWord(value['founding'], ['parallel', 'serial']),
    quorum: readWord(value['quorum'], ['none', 'majority']),
  };
}

function retry(value: Json | undefined): RetryPolicy {
  const document = readObject(value);
  const on = readList(document['on']).map((kind) =>
    readWord(kind, ['unreachable', 'transient', 'lost', 'failed', 'timeout', 'capacity', 'throttled', 'unavailable']),
  );
  return {
    attempts: readNumber(document['attempts'], 3),
    backoffMs: parseDurationMs(readText(document['backoff'])) ?? 5000,
    on: document['on'] === undefined ? ['unreachable', 'transient'] : on,
  };
}
