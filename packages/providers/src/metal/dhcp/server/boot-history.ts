import type { ClientKey } from '../codec/hardware-address.ts';
import type { BootHistory, BootHistoryView, BootStep } from '../decide/context.ts';

/** What clients were lately told to boot, for the loop breaker. */
export interface BootHistories {
  view(nowMs: number): BootHistoryView;
  record(client: ClientKey, step: BootStep, xid: number, nowMs: number): void;
}

/** A loop goes round in seconds; who comes later starts anew. */
const rememberedMs = 120_000;
const mostClients = 65_536;

export function createBootHistories(): BootHistories {
  const histories = new Map<ClientKey, BootHistory & { readonly atMs: number }>();
  const of = (client: ClientKey, nowMs: number): BootHistory | null => {
    const found = histories.get(client);
    return found === undefined || nowMs - found.atMs > rememberedMs ? null : found;
  };
  return {
    view: (nowMs) => ({ of: (client) => of(client, nowMs) }),
    record: (client, step, xid, nowMs) => {
      const before = of(client, nowMs);
      histories.delete(client);
      if (step === 'script') return;
      const again = before?.lastXid === xid;
      histories.set(client, { loaders: (before?.loaders ?? 0) + (again ? 0 : 1), lastXid: xid, atMs: nowMs });
      if (histories.size <= mostClients) return;
      for (const oldest of histories.keys()) {
        histories.delete(oldest);
        break;
      }
    },
  };
}
