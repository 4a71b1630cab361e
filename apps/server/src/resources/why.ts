import type { WhyResponse } from '@formwork/api';
import type { Reason } from '@formwork/core';
import type { NodeRoleRecord } from '@formwork/db';
import { sayReason } from '@formwork/workflows';
import { sentenceOf, waits } from './node-role-response.ts';

/** Told at most: the way to the roots, not the whole graph. */
const longestChain = 200;

/** From a node-role to the roots of its waiting: what each waits for comes below it, each node-role once. */
export function whyChain(
  id: string,
  rows: readonly NodeRoleRecord[],
  reasons: ReadonlyMap<string, readonly Reason[]>,
): WhyResponse['chain'] {
  const byId = new Map(rows.map((row) => [row.id, row]));
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const chain: WhyResponse['chain'][number][] = [];
  const seen = new Set<string>();
  const visit = (row: NodeRoleRecord, depth: number): void => {
    if (seen.has(row.id) || chain.length >= longestChain) return;
    seen.add(row.id);
    const { key } = row;
    const state = row.state.state;
    const own = waits(row) ? (reasons.get(row.id) ?? []) : [];
    if (own.length === 0) {
      chain.push({ depth, key, state, reason: null, sentence: sentenceOf(row, own) });
      return;
    }
    for (const reason of own) {
      if (chain.length < longestChain) chain.push({ depth, key, state, reason, sentence: sayReason(reason) });
    }
    for (const reason of own) {
      for (const next of keysOf(reason)) {
        const parent = byKey.get(next);
        if (parent !== undefined) visit(parent, depth + 1);
      }
    }
  };
  const first = byId.get(id);
  if (first !== undefined) visit(first, 0);
  return chain;
}

/** Node-roles that a reason points to; a vertex that takes away is `remove <key>` or `evict <key>`. */
function keysOf(reason: Reason): readonly string[] {
  switch (reason.kind) {
    case 'waiting-for':
    case 'blocked-by-failed':
      return reason.keys.map((key) => key.replace(/^(remove|evict) /, ''));
    case 'waiting-for-lock':
      return reason.holder === null ? [] : [reason.holder];
    case 'rollout-stopped':
      return reason.failed;
    default:
      return [];
  }
}
