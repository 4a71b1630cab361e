import { FormworkError } from '@formwork/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainJson } from '../document/plain-json.ts';
import { evaluateValue } from './evaluate-value.ts';
import { renderFile } from './render-file.ts';
import { nestedParams, templateScope } from './template-scope.ts';

const scope = templateScope({
  deployment: { name: 'edge' },
  node: { name: 'edge-etcd-1' },
  facts: { address: '10.0.0.1', cpus: 2 },
  params: { 'etcd.quota': 5, 'etcd.dataDir': '/var/lib/etcd' },
  requires: {},
  needs: { 'etcd-member': [{ clientUrl: 'https://a' }, { clientUrl: 'https://b' }], 'etcd-ca': { certificate: 'PEM' } },
});

describe('evaluateValue', () => {
  it('keeps the type of one whole expression', () => {
    expect(evaluateValue("{{ needs.etcd-member | map: 'clientUrl' }}", scope)).toEqual(['https://a', 'https://b']);
    expect(evaluateValue('{{ facts.cpus }}', scope)).toBe(2);
    expect(evaluateValue('{{ params.etcd.quota }}', scope)).toBe(5);
    expect(evaluateValue("{{ params['etcd.quota'] }}", scope)).toBe(5);
  });

  it('knows a parameter by namespace whether the scope was made for templates or not', () => {
    const flat = { params: { 'etcd.quota': 5 } };
    expect(evaluateValue('{{ params.etcd.quota }}', flat)).toBe(5);
    expect(nestedParams(nestedParams(flat.params))).toEqual(nestedParams(flat.params));
  });

  it('interpolates other strings and recurses', () => {
    expect(
      evaluateValue({ url: ['https://{{ facts.address }}:2380', '{{ facts.cpus }}{{ facts.cpus }}', 7] }, scope),
    ).toEqual({ url: ['https://10.0.0.1:2380', '22', 7] });
  });

  it('names the expression that failed', () => {
    for (const source of [
      '{{ facts.adress }}',
      "{{ needs.etcd-member | map: 'clientUr' }}",
      'x {{ needs.etcd-ca }}',
      '{{ facts.address | nofilter }}',
      '{{ facts.address.constructor }}',
    ]) {
      expect(() => evaluateValue(source, scope)).toThrow(FormworkError);
      expect(() => evaluateValue(source, scope)).toThrow(source);
    }
  });

  it('leaves text without templates alone, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        fc.pre(!text.includes('{{') && !text.includes('{%') && !text.includes('__proto__'));
        const parsed = plainJson(value);
        if (!parsed.ok) return;
        expect(evaluateValue(parsed.value, scope)).toEqual(parsed.value);
      }),
    );
  });
});

describe('renderFile', () => {
  it('renders loops and conditions', () => {
    expect(renderFile('{% for m in needs.etcd-member %}{{ m.clientUrl }};{% endfor %}', scope)).toBe(
      'https://a;https://b;',
    );
    expect(renderFile('{% if needs.other %}x{% else %}y{% endif %}', scope)).toBe('y');
  });

  it.each([
    ['a file', "{% include 'etc' %}"],
    ['a file', "{% render '/etc/passwd' %}"],
    ['a layout', "{% layout 'x' %}"],
    ['the clock', "{{ 'now' | date: '%s' }}"],
    ['a missing name', '{{ facts.nope }}'],
    ['a huge range', "{{ (1..100000000) | join: ',' }}"],
    ['an endless loop', '{% for i in (1..100000) %}{% for j in (1..100000) %}{{ j }}{% endfor %}{% endfor %}'],
    ['a huge template', 'x'.repeat(600_000)],
    ['deep nesting', '{% if a %}'.repeat(20_000)],
  ])('refuses %s', (_what, source) => {
    expect(() => renderFile(source, scope)).toThrow(FormworkError);
  });
});
