import { resolvePacks } from '@formwork/content';
import { type Checked, type Content, type Pack, type Specification } from '@formwork/core';

/** The packs a specification resolves to, and the versions to pin. */
export interface ResolvedContent {
  readonly content: Content;
  readonly pins: Readonly<Record<string, string>>;
}

/**
 * A deployment keeps the versions it was planned with: a newer pack changes nothing until the specification names it.
 */
export function resolveContent(
  spec: Specification,
  available: readonly Pack[],
  former: { readonly spec: Specification; readonly pins: Readonly<Record<string, string>> } | null,
): Checked<ResolvedContent> {
  const pinned = (name: string): string | undefined => {
    const sameWish = former?.spec.packs[name] === spec.packs[name];
    return sameWish ? former?.pins[name] : undefined;
  };
  const offered = available.filter((pack) => {
    const version = pinned(pack.name);
    return version === undefined || pack.version === version;
  });
  const resolved = resolvePacks(spec, offered);
  if (!resolved.ok) return resolved;
  const pins = Object.fromEntries(resolved.value.packs.map((pack) => [pack.name, pack.version]));
  return { ok: true, value: { content: resolved.value, pins } };
}
