import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keepMasterKey, parseMasterKey, readMasterKey } from './master-key.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'formwork-master-key-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

it('reads the same key from hex, base64 and base64url', () => {
  const bytes = Buffer.alloc(32, 0xfb);
  for (const encoding of ['hex', 'base64', 'base64url'] as const) {
    expect(parseMasterKey(`${bytes.toString(encoding)}\n`).key).toEqual(bytes);
  }
});

it('refuses a key of another length without repeating it', () => {
  expect(() => parseMasterKey('c2hvcnQ')).toThrow('32 bytes');
  expect(() => parseMasterKey('c2hvcnQ')).not.toThrow('c2hvcnQ');
});

it('makes a key file once, readable by its owner only', () => {
  const file = path.join(directory, 'keys', 'master');
  const made = keepMasterKey(file);
  expect(keepMasterKey(file)).toEqual(made);
  expect(readMasterKey(file)).toEqual(made);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(path.dirname(file))).toEqual(['master']);
});

it('says which file is missing, and never replaces a damaged one', () => {
  const file = path.join(directory, 'master');
  expect(() => readMasterKey(file)).toThrow(file);
  writeFileSync(file, 'damaged');
  expect(() => keepMasterKey(file)).toThrow('32 bytes');
});
