import { randomBytes } from 'node:crypto';

/** Sessions of the Redfish service: tokens by number, as many as there are slots. */
export interface TokenTable {
  open(): { readonly id: string; readonly token: string } | null;
  known(token: string | undefined): boolean;
  close(id: string): boolean;
  closeAll(): void;
  count(): number;
}

export function createTokenTable(slots: number): TokenTable {
  const tokens = new Map<string, string>();
  let last = 0;
  return {
    open() {
      if (tokens.size >= slots) return null;
      last += 1;
      const session = { id: String(last), token: randomBytes(16).toString('hex') };
      tokens.set(session.id, session.token);
      return session;
    },
    known: (token) => token !== undefined && [...tokens.values()].includes(token),
    close: (id) => tokens.delete(id),
    closeAll: () => tokens.clear(),
    count: () => tokens.size,
  };
}
