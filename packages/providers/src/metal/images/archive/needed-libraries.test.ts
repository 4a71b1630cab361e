import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadingNeeds } from './needed-libraries.ts';

it('finds what the loader of this host finds', () => {
  const file = process.execPath;
  const loaded = execFileSync('ldd', [file], { encoding: 'utf8' });
  const needs = loadingNeeds(readFileSync(file));
  expect(needs?.libraries).toContain('libc.so.6');
  for (const library of needs?.libraries ?? []) expect(loaded).toContain(library);
  expect(loaded).toContain(needs?.interpreter ?? 'no interpreter');
});

it('a static program needs nothing', () => {
  const busybox = execFileSync('which', ['busybox'], { encoding: 'utf8' }).trim();
  expect(loadingNeeds(readFileSync(busybox))).toEqual({ libraries: [], interpreter: null });
});

it('what is no program is none', () => {
  expect(loadingNeeds(Buffer.from('#!/bin/sh\n'))).toBeNull();
  expect(loadingNeeds(Buffer.alloc(200))).toBeNull();
});
