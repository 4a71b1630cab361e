import { appendAudit, type NewAuditEntry, type Transaction } from '@formwork/db';
import type { Caller } from '../auth/caller.ts';
import { toJson } from './to-json.ts';

/** An audit entry of what a caller did; `before` and `after` are plain data without secrets. */
export const auditEntry = (
  caller: Caller,
  action: string,
  subject: string,
  before: unknown,
  after: unknown,
): NewAuditEntry => ({
  actor: caller.actor,
  address: caller.address,
  action,
  subject,
  before: toJson(before),
  after: toJson(after),
});

/** The last statement of a mutation's transaction. */
export const audit = (
  tx: Transaction,
  caller: Caller,
  action: string,
  subject: string,
  before: unknown,
  after: unknown,
): Promise<void> => appendAudit(tx, auditEntry(caller, action, subject, before, after));
