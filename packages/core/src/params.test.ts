import { describe, expect, it } from 'vitest';
import { declaredParams, paramValues, resolveParams } from './params.ts';
import { indexContent } from './graph/content-index.ts';
import { defineParam, definePack, defineRole } from './testing/define-role.ts';
import { defineGroup, defineSpecification, here } from './testing/etcd-fixture.ts';

const role = defineRole('web', {
  params: [defineParam('web.port', { default: 80 }), defineParam('web.token', { secret: true })],
  uses: ['base.proxy'],
});
const content = {
  packs: [
    definePack('base', {
      params: [defineParam('base.proxy', { default: null }), defineParam('base.other', { default: 1 })],
    }),
    definePack('web', {
      roles: [role],
      profiles: [
        { name: 'small', pack: 'web', params: { 'web.port': 1, 'base.proxy': 'small' } },
        { name: 'large', pack: 'web', params: { 'web.port': 2 } },
      ],
    }),
  ],
};
const spec = { ...defineSpecification('d', 'w', []), profiles: ['small', 'large'] };
const query = { spec, content, site: null, group: null, nodeName: null, role, item: null };
const port = (more: Partial<Parameters<typeof resolveParams>[0]>) => resolveParams({ ...query, ...more })['web.port'];

describe('resolveParams', () => {
  it('knows only what the role declares or uses, and leaves out what nobody set', () => {
    expect(Object.keys(resolveParams(query))).toEqual(['web.port', 'base.proxy']);
    expect(declaredParams(indexContent(content), role).map(({ fullName }) => fullName)).toEqual([
      'web.port',
      'web.token',
      'base.proxy',
    ]);
  });

  it('lets each layer replace those below it, and says which it was', () => {
    const site = { ...here, params: { 'web.port': 3 } };
    const item = { role: 'web', as: 'web', params: { 'web.port': 4 } };
    const deployment = { ...spec, params: { 'web.port': 5 } };
    const group = defineGroup('g', 1, { params: { 'web.port': 6 } });
    const withNode = defineGroup('g', 1, {
      params: { 'web.port': 6 },
      nodes: { 'd-g-1': { params: { 'web.port': 7 }, labels: {} } },
    });
    const none = { spec: { ...spec, profiles: [] } };
    expect(port(none)).toEqual({ value: 80, from: 'default', layer: 'default' });
    expect(port({ ...none, global: { 'web.port': 0 } })).toEqual({ value: 0, from: 'global', layer: 'global' });
    expect(port({ global: { 'web.port': 0 } })).toEqual({ value: 2, from: 'profile', layer: 'profile large' });
    expect(port({ site })).toEqual({ value: 3, from: 'site', layer: 'site here' });
    expect(port({ site, item })).toEqual({ value: 4, from: 'workflow', layer: 'workflow w' });
    expect(port({ site, item, spec: deployment })).toEqual({ value: 5, from: 'deployment', layer: 'deployment d' });
    expect(port({ site, item, spec: deployment, group })).toEqual({ value: 6, from: 'group', layer: 'group g' });
    expect(port({ site, item, spec: deployment, group: withNode, nodeName: 'd-g-1' })).toEqual({
      value: 7,
      from: 'node',
      layer: 'node d-g-1',
    });
    expect(port({ spec: deployment, task: { 'web.port': 8 } })).toEqual({ value: 8, from: 'task', layer: 'task' });
  });

  it('takes a null that somebody set for a value', () => {
    const nulled = { ...spec, params: { 'web.port': null } };
    expect(paramValues(resolveParams({ ...query, spec: nulled }))).toEqual({ 'web.port': null, 'base.proxy': 'small' });
  });
});
