import { isJsonArray, isJsonObject, type Json, type JsonObject, type SecretReference } from '@formwork/core';
import type { SecretStore } from '@formwork/db';

/** Secret values by reference alone: a reference says which scope's key opens it. */
export interface Secrets {
  /** Stores a value under a name of a scope; the same value again gives the same reference. */
  seal(scope: string, name: string, value: string): Promise<SecretReference>;
  /** The reference that `seal` would give, without storing anything. */
  refer(scope: string, name: string, value: string): Promise<SecretReference>;
  reveal(reference: SecretReference): Promise<string>;
}

/** References are `<scope>/<name>`; scopes hold no slash. */
export function openSecrets(store: SecretStore): Secrets {
  return {
    seal: (scope, name, value) => store.put(scope, `${scope}/${name}`, value),
    refer: (scope, name, value) => store.refer(scope, `${scope}/${name}`, value),
    reveal: async (reference) => {
      const { ref } = reference.$secret;
      return (await store.get(ref.slice(0, ref.indexOf('/')), reference)).reveal();
    },
  };
}

const isSecretReference = (value: Json | undefined): value is Json & SecretReference =>
  isJsonObject(value) && isJsonObject(value['$secret']);

/** Inputs with every secret in plain, and where they stand. */
export interface Revealed {
  readonly value: JsonObject;
  /** JSON pointers of what is secret in `value`. */
  readonly paths: readonly string[];
}

/** Puts secret values where their references stand. The result goes to a node's stdin or an executor and nowhere else. */
export async function revealSecrets(secrets: Secrets, value: JsonObject): Promise<Revealed> {
  const paths: string[] = [];
  if (!holdsSecret(value)) return { value, paths };
  const walk = async (at: Json, path: string): Promise<Json> => {
    if (isSecretReference(at)) {
      paths.push(path);
      return secrets.reveal(at);
    }
    if (at === null || typeof at !== 'object') return at;
    if (isJsonArray(at)) {
      const items: Json[] = [];
      for (const [index, item] of at.entries()) items.push(await walk(item, `${path}/${index}`));
      return items;
    }
    const entries: [string, Json][] = [];
    for (const [name, item] of Object.entries(at)) {
      entries.push([name, await walk(item, `${path}/${escapePointer(name)}`)]);
    }
    return Object.fromEntries(entries);
  };
  const revealed = await walk(value, '');
  return { value: isJsonObject(revealed) ? revealed : {}, paths };
}

const holdsSecret = (at: Json): boolean =>
  at !== null &&
  typeof at === 'object' &&
  (isSecretReference(at) || (isJsonArray(at) ? at : Object.values(at)).some(holdsSecret));

const escapePointer = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1');
