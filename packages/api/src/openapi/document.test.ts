import { describe, expect, it } from 'vitest';
import { routes } from '../routes.ts';
import { openApiDocument } from './document.ts';

const text = JSON.stringify(openApiDocument());

describe('openApiDocument', () => {
  it('describes every operation once', () => {
    const ids = [...text.matchAll(/"operationId":"([A-Za-z]+)"/g)].map((match) => match[1]);
    expect(ids.sort()).toEqual(Object.keys(routes).sort());
  });

  it('refers only to components that it holds, and none is a reference to itself', () => {
    const { components } = openApiDocument() as { components: { schemas: Record<string, Record<string, unknown>> } };
    const wanted = [...text.matchAll(/#\/components\/schemas\/([A-Za-z]+)/g)].map((match) => match[1]);
    expect(Object.keys(components.schemas)).toEqual(expect.arrayContaining([...new Set(wanted)]));
    for (const [id, schema] of Object.entries(components.schemas)) {
      expect(schema['$ref'], id).not.toBe(`#/components/schemas/${id}`);
    }
  });

  it('is the same every time', () => expect(JSON.stringify(openApiDocument())).toBe(text));

  it('holds nothing that only our parser knows', () => {
    expect(text).not.toContain('$defs');
    expect(text).not.toContain('"openapi":{');
  });
});
