import type { SimStage } from './stage.ts';

/** 20 simulated nodes with what can go wrong between them: needs, a lock, a share at a time, lanes and secrets. */
export const twentyNodes = ({ name, site, password }: Pick<SimStage, 'name' | 'site' | 'password'>) => ({
  name,
  workflow: 'probe',
  params: { secretive: { password } },
  groups: [
    { name: 'aa', roles: ['follower', 'secretive'], count: 8, site },
    { name: 'bb', roles: ['checked', 'locked'], count: 4, site },
    { name: 'cc', roles: ['capped', 'lanes'], count: 8, site },
  ],
});

/** Long enough to be hit in the middle, short enough for many rounds. */
export const paces = {
  bootMs: { min: 300, max: 1_500 },
  destroyMs: { min: 100, max: 800 },
  callMs: { min: 0, max: 40 },
  steps: { defaultMs: { min: 200, max: 1_800 } },
} as const;
