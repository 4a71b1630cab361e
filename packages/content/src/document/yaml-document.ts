import type { Checked, Json, PathSegment, Problem } from '@formwork/core';
import { parseJsonPath } from '@formwork/core';
import { type Document, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { plainJson } from './plain-json.ts';

/** Longest YAML or JSON text that is read, in characters. */
const maxDocumentLength = 1024 * 1024;

const maxAliases = 100;

/** A parsed YAML or JSON document that still knows where everything stood in its text. */
export interface YamlDocument {
  readonly value: Json;
  /** The same problems with file, line and column, from their JSON path. */
  readonly locate: (problems: readonly Problem[]) => readonly Problem[];
}

/**
 * Reads one YAML 1.2 (or JSON) document. Refused, all at once where the parser can go on: syntax errors, duplicate
 * keys, several documents, unknown tags, alias bombs, and what `plainJson` refuses.
 */
export function parseYamlDocument(text: string, file?: string): Checked<YamlDocument> {
  const fail = (code: string, message: string, remedy?: string): Checked<YamlDocument> => ({
    ok: false,
    problems: [
      {
        code,
        path: '$',
        message,
        ...(remedy === undefined ? {} : { remedy }),
        ...(file === undefined ? {} : { file }),
      },
    ],
  });
  if (text.length > maxDocumentLength) return fail('too-large', `longer than ${maxDocumentLength} characters`);
  const lines = new LineCounter();
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      stringKeys: true,
      uniqueKeys: false,
    });
    const found = [...document.errors, ...document.warnings];
    if (found.length > 0) {
      return {
        ok: false,
        problems: found.slice(0, 50).map((error) => ({
          code: 'syntax',
          path: '$',
          message: error.code === 'MULTIPLE_DOCS' ? 'more than one YAML document' : firstLine(error.message),
          ...place(lines, error.pos[0], file),
        })),
      };
    }
    const twice = duplicateKeys(document, lines, file);
    if (twice.length > 0) return { ok: false, problems: twice };
    const locate = (problems: readonly Problem[]): readonly Problem[] =>
      problems.map((problem) => ({ ...problem, ...place(lines, offsetOf(document, problem.path), file) }));
    const plain = plainJson(document.toJS({ maxAliasCount: maxAliases }));
    if (!plain.ok) return { ok: false, problems: locate(plain.problems) };
    return { ok: true, value: { value: plain.value, locate } };
  } catch (error) {
    if (error instanceof RangeError) return fail('too-deep', 'nested too deep to be read');
    if (error instanceof ReferenceError) {
      return fail('alias', firstLine(error.message), 'write the values out instead of repeating them by alias');
    }
    throw error;
  }
}

/** The parser's own check compares every key with every other, which takes minutes for a map made to be large. */
function duplicateKeys(document: Document, lines: LineCounter, file?: string): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Map: (_key, map) => {
      const seen = new Set<string>();
      for (const { key } of map.items) {
        const name = isScalar(key) ? String(key.value) : null;
        if (name === null) continue;
        if (seen.has(name) && problems.length < 50) {
          const message = `the key '${name.slice(0, 100)}' is there twice`;
          problems.push({ code: 'duplicate-key', path: '$', message, ...place(lines, startOf(key), file) });
        }
        seen.add(name);
      }
    },
  });
  return problems;
}

const firstLine = (message: string): string => message.split('\n')[0] ?? message;

function place(lines: LineCounter, offset: number | null, file?: string): Partial<Problem> {
  if (offset === null) return file === undefined ? {} : { file };
  const { line, col } = lines.linePos(offset);
  return { ...(file === undefined ? {} : { file }), line: Math.max(1, line), column: Math.max(1, col) };
}

/** Where the deepest part of the path that exists begins: a key for map entries, the item for lists. */
function offsetOf(document: Document, path: string): number {
  const segments = parseJsonPath(path);
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  if (segments === null) return offset;
  for (let index = 0; index < segments.length; index += 1) {
    const step = stepInto(node, segments.slice(index));
    if (step === null) return offset;
    index += step.used - 1;
    offset = step.offset ?? offset;
    node = step.node;
  }
  return offset;
}

interface Step {
  readonly node: unknown;
  readonly offset: number | null;
  /** Segments taken: a flat parameter key `etcd.x` is two segments of a normalised path. */
  readonly used: number;
}

function stepInto(node: unknown, rest: readonly PathSegment[]): Step | null {
  const [head, next] = rest;
  if (isSeq(node) && typeof head === 'number') {
    const item: unknown = node.items[head];
    return item === undefined ? null : { node: item, offset: startOf(item), used: 1 };
  }
  if (!isMap(node)) return null;
  const keyed = (name: string, used: number): Step | null => {
    const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === name);
    return pair === undefined ? null : { node: pair.value, offset: startOf(pair.key), used };
  };
  return keyed(String(head), 1) ?? (next === undefined ? null : keyed(`${head ?? ''}.${next}`, 2));
}

function startOf(node: unknown): number | null {
  if (node === null || typeof node !== 'object' || !('range' in node) || !Array.isArray(node.range)) return null;
  const start: unknown = node.range[0];
  return typeof start === 'number' ? start : null;
}
