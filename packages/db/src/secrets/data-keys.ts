import { FormworkError } from '@formwork/core';
import { type DataKey, newDataKey, unwrapDataKey, wrapDataKey } from './envelope.ts';
import type { MasterKey } from './master-key.ts';

/** Where wrapped data keys are kept. */
export interface DataKeyStore {
  /** Versions ascending; empty when the scope has none. */
  list(scope: string): Promise<readonly { readonly version: number; readonly wrapped: Uint8Array }[]>;
  /** False when that version exists already. */
  insert(scope: string, version: number, wrapped: Uint8Array): Promise<boolean>;
  replace(scope: string, version: number, wrapped: Uint8Array): Promise<void>;
}

/** The unwrapped data keys of this process, made on first use and remembered. */
export interface DataKeys {
  /** The newest, which seals; made when the scope has none. */
  current(scope: string): Promise<DataKey>;
  /** The oldest, which makes digests: they must not change when keys are rotated, or everything would look changed. */
  oldest(scope: string): Promise<DataKey>;
  /** Throws `not-found` `data-key-missing`. */
  version(scope: string, version: number): Promise<DataKey>;
  /** Adds a version; what is sealed from now on uses it, what was sealed before still opens. */
  rotate(scope: string): Promise<DataKey>;
  /** Wraps every version of the scope with the current master key, after that was changed. */
  rewrap(scope: string): Promise<void>;
  /** Drops what this process remembers of a scope whose keys were deleted. */
  forget(scope: string): void;
}

/** `masters[0]` wraps; the others, if any, still unwrap what they wrapped. */
export function openDataKeys(store: DataKeyStore, masters: readonly [MasterKey, ...MasterKey[]]): DataKeys {
  const known = new Map<string, readonly DataKey[]>();

  const read = async (scope: string): Promise<readonly DataKey[]> => {
    const rows = await store.list(scope);
    const keys = rows.map((row) => unwrapDataKey(masters, scope, row.version, row.wrapped));
    if (keys.length > 0) known.set(scope, keys);
    return keys;
  };
  const add = async (scope: string, version: number): Promise<readonly DataKey[]> => {
    // Another process may have been first: then its key is the one.
    await store.insert(scope, version, wrapDataKey(masters[0], newDataKey(scope, version)));
    return read(scope);
  };
  const all = async (scope: string): Promise<readonly [DataKey, ...DataKey[]]> => {
    let keys = known.get(scope) ?? (await read(scope));
    if (keys.length === 0) keys = await add(scope, 1);
    const [first, ...rest] = keys;
    if (first === undefined)
      throw new FormworkError('internal', 'data-key-missing', `no data key of ${scope} could be made`);
    return [first, ...rest];
  };
  const newest = (keys: readonly [DataKey, ...DataKey[]]): DataKey => keys.at(-1) ?? keys[0];

  return {
    current: async (scope) => newest(await all(scope)),
    oldest: async (scope) => (await all(scope))[0],
    version: async (scope, version) => {
      const find = (keys: readonly DataKey[]) => keys.find((key) => key.version === version);
      // Not remembered: another process may have rotated.
      const key = find(known.get(scope) ?? []) ?? find(await read(scope));
      if (key === undefined)
        throw new FormworkError('not-found', 'data-key-missing', `there is no data key ${version} of ${scope}`);
      return key;
    },
    rotate: async (scope) => {
      await all(scope);
      const [first, ...rest] = await read(scope);
      if (first === undefined)
        throw new FormworkError('internal', 'data-key-missing', `the data keys of ${scope} are gone`);
      await add(scope, newest([first, ...rest]).version + 1);
      return newest(await all(scope));
    },
    rewrap: async (scope) => {
      for (const key of await read(scope)) await store.replace(scope, key.version, wrapDataKey(masters[0], key));
    },
    forget: (scope) => {
      known.delete(scope);
    },
  };
}
