import type { Secrets } from '../secrets.ts';

/** Opens a deployment's private key by its reference. */
export type SshKeys = (reference: string) => Promise<string>;

/** How long a key is used without asking for it again, milliseconds, and of how many deployments. */
const keptMs = 60_000;
const mostKept = 64;

/** The steps of a deployment come close together and all need its key. */
export function openSshKeys(secrets: Pick<Secrets, 'reveal'>, nowMs: () => number): SshKeys {
  const kept = new Map<string, { readonly untilMs: number; readonly key: Promise<string> }>();
  return (reference) => {
    const known = kept.get(reference);
    if (known !== undefined && nowMs() < known.untilMs) return known.key;
    const key = secrets.reveal({ $secret: { ref: reference, version: 1, digest: '' } });
    kept.delete(reference);
    kept.set(reference, { untilMs: nowMs() + keptMs, key });
    key.catch(() => kept.delete(reference));
    const oldest = kept.keys().next();
    if (kept.size > mostKept && oldest.done !== true) kept.delete(oldest.value);
    return key;
  };
}
