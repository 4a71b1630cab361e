import type { Need, OutputDeclaration, Pack, ParamDeclaration, RoleDefinition, StageItem } from '../role.ts';

/** A role with every default filled in, as the loader would give it. Its digest is its name until a test says otherwise. */
export function defineRole(name: string, more: Partial<RoleDefinition> = {}): RoleDefinition {
  return {
    name,
    pack: 'test',
    packVersion: '1.0.0',
    summary: '',
    digest: `digest-of-${name}`,
    kind: 'state',
    placement: 'each',
    restOf: null,
    runsOn: null,
    requires: [],
    needs: [],
    after: [],
    provides: [],
    conflicts: [],
    facts: [],
    when: null,
    executor: 'script',
    pki: null,
    http: null,
    steps: { check: 'check.sh', apply: 'apply.sh', verify: 'verify.sh' },
    files: [],
    params: [],
    uses: [],
    outputs: [],
    limits: { max: null, lock: null },
    cluster: null,
    lane: 'main',
    timeoutMs: 600_000,
    retry: { attempts: 3, backoffMs: 5_000, on: ['unreachable', 'transient'] },
    upgrades: [],
    removeOnDestroy: false,
    ...more,
  };
}

export const defineNeed = (role: string, from: Need['from'], more: Partial<Need> = {}): Need => ({
  role,
  from,
  outputs: [],
  tracked: true,
  on: 'both',
  min: 1,
  optional: false,
  ...more,
});

export const defineOutput = (name: string, more: Partial<OutputDeclaration> = {}): OutputDeclaration => ({
  name,
  schema: { type: 'string' },
  secret: false,
  ttlMs: null,
  minRemainingMs: null,
  ...more,
});

export const defineParam = (fullName: string, more: Partial<ParamDeclaration> = {}): ParamDeclaration => ({
  fullName,
  schema: {},
  disruption: 'none',
  secret: false,
  immutable: false,
  scope: 'any',
  ...more,
});

export const itemsOf = (...roles: readonly string[]): readonly StageItem[] =>
  roles.map((role) => ({ role, as: role, params: {} }));

export const onNode = (role: string, ...outputs: readonly string[]) => ({ role, outputs });

export const definePack = (name: string, more: Partial<Pack>): Pack => ({
  name,
  version: '1.0.0',
  summary: '',
  packs: {},
  params: [],
  roles: [],
  workflows: [],
  profiles: [],
  digest: `digest-of-${name}`,
  ...more,
});
