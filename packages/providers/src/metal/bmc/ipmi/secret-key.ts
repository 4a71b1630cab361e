import { bmcError, bmcFailures } from '../bmc-failures.ts';
import type { BmcCredentials } from '../credentials.ts';

/** The bytes that session set-up needs. `kg` is the password where the BMC has no key of its own. */
export interface SecretKeys {
  readonly user: Buffer;
  readonly password: Buffer;
  readonly kg: Buffer;
}

const longestUser = 16;
const longestKey = 20;

/** @throws `invalid` for what IPMI 2.0 has no room for (section 22.28): 16 bytes of user name, 20 of password or Kg. */
export function secretKeys({ user, password, kgHex }: BmcCredentials): SecretKeys {
  const userBytes = Buffer.from(user, 'utf8');
  if (userBytes.length > longestUser) {
    throw bmcError(bmcFailures.invalid('user-too-long', `IPMI user names have at most ${longestUser} bytes.`));
  }
  const key = Buffer.from(password, 'utf8');
  if (key.length > longestKey) {
    throw bmcError(
      bmcFailures.invalid(
        'password-too-long',
        `IPMI 2.0 passwords have at most ${longestKey} bytes; set a shorter one.`,
      ),
    );
  }
  const kg = kgHex === undefined || kgHex === '' ? null : Buffer.from(kgHex, 'hex');
  if (kg !== null && (kg.length > longestKey || kg.length * 2 !== kgHex?.length)) {
    throw bmcError(bmcFailures.invalid('kg-invalid', `Kg is up to ${longestKey} bytes as hexadecimal digits.`));
  }
  return { user: userBytes, password: padded(key), kg: kg === null ? padded(key) : padded(kg) };
}

const padded = (key: Buffer): Buffer => Buffer.concat([key, Buffer.alloc(longestKey - key.length)]);
