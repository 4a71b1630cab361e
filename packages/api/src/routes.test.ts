import type { NodeRoleState, Plan, Problem, Reason } from '@formwork/core';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type { z } from 'zod';
import type { RouteContract } from './contract.ts';
import { routes } from './routes.ts';
import type { nodeRoleStateSchema } from './schemas/node-role.ts';
import type { planActionSchema } from './schemas/plan.ts';
import type { problemItemSchema } from './schemas/problem.ts';
import type { reasonSchema } from './schemas/reason.ts';

const table: readonly (readonly [string, RouteContract])[] = Object.entries(routes);

describe('the route table', () => {
  it('has one operation for a method and path', () => {
    const places = table.map(([, contract]) => `${contract.method} ${contract.path}`);
    expect(places).toEqual([...new Set(places)]);
  });

  it.each(table)('%s describes exactly the parameters of its path', (_id, contract) => {
    const named = [...contract.path.matchAll(/:([A-Za-z]+)/g)].map((match) => match[1]);
    expect(Object.keys(contract.params?.shape ?? {}).sort()).toEqual(named.sort());
  });

  it.each(table)('%s answers its success status, and only successes', (_id, contract) => {
    expect(Object.keys(contract.responses)).toContain(String(contract.success));
    expect(Object.keys(contract.responses).every((status) => /^20[0-4]$/.test(status))).toBe(true);
  });

  it.each(table)('%s is open to the public only when it tells nothing', (id, contract) => {
    expect(contract.role === 'public').toBe(['getHealth', 'getReadiness', 'getOpenApi'].includes(id));
  });

  it.each(table.filter(([, contract]) => contract.method === 'POST'))(
    '%s takes an Idempotency-Key',
    (_id, contract) => {
      expect(contract.idempotencyKey).toBe(true);
    },
  );

  it.each(table.filter(([, contract]) => contract.method !== 'GET'))('%s needs more than a viewer', (_id, contract) => {
    expect(['operator', 'admin']).toContain(contract.role);
  });

  it.each(table.filter(([, contract]) => contract.paged === true))(
    '%s takes cursor, limit and fields',
    (_id, contract) => {
      expect(Object.keys(contract.query?.shape ?? {})).toEqual(expect.arrayContaining(['cursor', 'limit', 'fields']));
    },
  );

  it('takes what core makes as it is', () => {
    expectTypeOf<Reason>().toExtend<z.input<typeof reasonSchema>>();
    expectTypeOf<Plan['actions'][number]>().toExtend<z.input<typeof planActionSchema>>();
    expectTypeOf<Problem>().toExtend<z.input<typeof problemItemSchema>>();
    expectTypeOf<NodeRoleState>().toExtend<z.input<typeof nodeRoleStateSchema>>();
  });
});
