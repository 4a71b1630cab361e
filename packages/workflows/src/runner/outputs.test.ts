import type { JsonObject, OutputDeclaration } from '@formwork/core';
import { describe, expect, it } from 'vitest';
import { checkOutputs, readOutputs } from './outputs.ts';

const declared = (name: string, schema: JsonObject, more: Partial<OutputDeclaration> = {}): OutputDeclaration => ({
  name,
  schema,
  secret: false,
  ttlMs: null,
  minRemainingMs: null,
  ...more,
});

describe('outputs', () => {
  it('merges out.json and leaf files, a leaf wins and loses one trailing newline', () => {
    const read = readOutputs({ outJson: '{"a": 1, "b": [2]}', leaves: { a: 'x\n', c: '\n\n' } });
    expect(read).toEqual({ ok: true, value: { a: 'x', b: [2], c: '\n' } });
    expect(readOutputs({ outJson: '  ', leaves: {} })).toEqual({ ok: true, value: {} });
    for (const outJson of ['[]', 'null', '{']) expect(readOutputs({ outJson, leaves: {} }).ok).toBe(false);
  });

  it('types text by the schema', () => {
    const checked = checkOutputs(
      [
        declared('port', { type: 'integer' }),
        declared('on', { type: 'boolean' }),
        declared('list', { type: 'array' }),
        declared('digits', { type: 'string' }),
        declared('either', { type: ['integer', 'string'] }),
        declared('url', { type: 'string' }, { value: 'https://{{ facts.address }}' }),
      ],
      { port: '2379', on: 'true', list: '["a"]', digits: '007', either: '1', undeclared: 'x' },
    );
    expect(checked).toEqual({ ok: true, value: { port: 2379, on: true, list: ['a'], digits: '007', either: '1' } });
  });

  it('names every missing and every mistyped output, and quotes none', () => {
    const checked = checkOutputs([declared('port', { type: 'integer' }), declared('token', { type: 'string' })], {
      port: 'hunter22',
    });
    expect(checked.ok ? [] : checked.problems.map((one) => one.code)).toEqual(['output-wrong-type', 'output-missing']);
    expect(JSON.stringify(checked)).not.toContain('hunter22');
  });
});
