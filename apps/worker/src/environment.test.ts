import { expect, it } from 'vitest';
import { environment } from './environment.ts';

const url = { DATABASE_URL: 'postgresql://db' };

it('demands a master key, by file or by value, and says so', () => {
  const { error } = environment.safeParse(url);
  const said = error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join();
  expect(said).toMatch(/^FORMWORK_MASTER_KEY_FILE: .* FORMWORK_MASTER_KEY$/);
  expect(environment.safeParse({ ...url, FORMWORK_MASTER_KEY: '0'.repeat(64) }).success).toBe(true);
  expect(environment.safeParse({ ...url, FORMWORK_MASTER_KEY_FILE: '/key' }).success).toBe(true);
});

it('takes no word for the end of stdin but 0 and 1', () => {
  const given = { ...url, FORMWORK_MASTER_KEY_FILE: '/key' };
  expect(environment.parse(given).FORMWORK_UNTIL_STDIN_ENDS).toBe('0');
  expect(environment.safeParse({ ...given, FORMWORK_UNTIL_STDIN_ENDS: 'yes' }).success).toBe(false);
});

it('takes the roles that there are', () => {
  const given = { ...url, FORMWORK_MASTER_KEY_FILE: '/key' };
  expect(environment.parse(given).FORMWORK_WORKER_ROLES).toEqual(['steps']);
  expect(environment.parse({ ...given, FORMWORK_WORKER_ROLES: 'metal, steps' }).FORMWORK_WORKER_ROLES).toEqual([
    'metal',
    'steps',
  ]);
  for (const FORMWORK_WORKER_ROLES of ['', 'iron']) {
    expect(environment.safeParse({ ...given, FORMWORK_WORKER_ROLES }).success).toBe(false);
  }
  expect(environment.safeParse({ ...given, FORMWORK_METAL_USER: '0:0' }).success).toBe(false);
});
