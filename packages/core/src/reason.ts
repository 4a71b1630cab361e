import type { NodeRoleKey } from './node-role.ts';

/** Why a node-role is not running: a closed set, computed on read. `formwork why` follows it to its root. */
export type Reason =
  | {
      readonly kind: 'waiting-for';
      readonly what: 'node-roles' | 'gate' | 'refresh';
      readonly keys: readonly NodeRoleKey[];
    }
  | { readonly kind: 'blocked-by-failed'; readonly keys: readonly NodeRoleKey[] }
  | { readonly kind: 'waiting-for-lock'; readonly lock: string; readonly holder: NodeRoleKey | null }
  | {
      readonly kind: 'limit';
      readonly scope: 'site' | 'role' | 'window' | 'cost' | 'lane';
      readonly name: string;
      readonly max: number;
    }
  | { readonly kind: 'node-unreachable'; readonly node: string }
  | { readonly kind: 'node-locked'; readonly node: string }
  | { readonly kind: 'maintenance'; readonly node: string }
  | { readonly kind: 'paused' }
  | { readonly kind: 'not-approved' }
  | { readonly kind: 'needs-approval'; readonly why: string }
  | { readonly kind: 'rollout-stopped'; readonly role: string; readonly failed: readonly NodeRoleKey[] }
  | { readonly kind: 'retry-at'; readonly atMs: number; readonly why: string }
  | { readonly kind: 'no-worker'; readonly site: string }
  | { readonly kind: 'needs-rehearsal' };
