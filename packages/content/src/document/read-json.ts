import type { Json, JsonObject } from '@formwork/core';
import { isJsonArray, isJsonObject } from '@formwork/core';

/**
 * Readers for documents whose shape the schemas have checked. A wrong shape reads as empty, so that one wrong key does
 * not hide the problems of the others.
 */
export const readObject = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});
export const readList = (value: Json | undefined): readonly Json[] =>
  value !== undefined && isJsonArray(value) ? value : [];
export const readText = (value: Json | undefined): string => (typeof value === 'string' ? value : '');
export const readTextOrNull = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null);
export const readTexts = (value: Json | undefined): string[] =>
  readList(value).filter((item) => typeof item === 'string');
export const readNumber = (value: Json | undefined, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise;
export const readTruth = (value: Json | undefined, otherwise: boolean): boolean =>
  typeof value === 'boolean' ? value : otherwise;

/** One of the words of a closed set; the first is the default. */
export function readWord<const Word extends string>(value: Json | undefined, words: readonly [Word, ...Word[]]): Word {
  return words.find((word) => word === value) ?? words[0];
}

/** An object without some of its keys. */
export const withoutKeys = (value: JsonObject, keys: ReadonlySet<string>): JsonObject =>
  Object.fromEntries(Object.entries(value).filter(([key]) => !keys.has(key)));
