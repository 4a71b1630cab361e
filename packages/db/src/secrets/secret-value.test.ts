import { format, inspect } from 'node:util';
import { expect, it } from 'vitest';
import { SecretValue } from './secret-value.ts';

it('prints only its reference, whatever prints it', () => {
  const reference = { $secret: { ref: 'admin-password', version: 2, digest: 'd' } };
  const secret = new SecretValue(reference, 'hunter2');
  const nested = { list: [secret], error: new Error('x', { cause: secret }) };
  const printed = [
    String(secret),
    secret.toString(),
    JSON.stringify({ secret }),
    inspect(nested, { depth: 9, showHidden: true }),
    format('%s %o %j', secret, secret, secret),
    JSON.stringify(Object.entries(secret)),
    JSON.stringify(Object.assign({}, secret)),
  ];
  for (const text of printed) {
    expect(text).not.toContain('hunter2');
    expect(text).toContain('admin-password');
  }
  expect(secret.reveal()).toBe('hunter2');
});
