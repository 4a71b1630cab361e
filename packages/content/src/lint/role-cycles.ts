import { findCycles, roleWaits } from '@formwork/core';
import { problemAt } from '../pack/pack-source.ts';
import type { LintCheck } from './lint-context.ts';

/** Roles that wait for each other, each cycle named once with its members. */
export const roleCycles: LintCheck = ({ source, index, resolve }) =>
  findCycles(roleWaits([...index.roles.values()], resolve)).flatMap((cycle) => {
    const own = source.roles.find(({ value }) => cycle.includes(value.name));
    if (own === undefined) return [];
    const chain = [...cycle, cycle[0] ?? ''].join(' -> ');
    return [
      problemAt(
        own.file,
        [],
        'cycle',
        `these roles wait for each other by requires, needs or after: ${chain}`,
        'take one of these relations away',
      ),
    ];
  });
