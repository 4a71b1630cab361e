import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { mirrorHosts } from './apt-sources.ts';
import { imageFiles } from './image-files.ts';
import { imageScript } from './image-script.ts';

const sources = ['deb http://deb.debian.org/debian bookworm main'];

describe('the script that builds an image', () => {
  it('is one that a POSIX shell can read, as are the scripts it writes', () => {
    const scripts = imageFiles.filter(({ text }) => text.startsWith('#!/bin/sh')).map(({ text }) => text);
    for (const script of [imageScript({ suite: 'bookworm', packages: ["it's"] }, sources), ...scripts]) {
      execFileSync('sh', ['-n'], { input: script });
    }
  });

  it('is the same for the same packages in another order, and another for others', () => {
    const one = imageScript({ suite: 'bookworm', packages: ['etcd-server', 'jq'] }, sources);
    expect(imageScript({ suite: 'bookworm', packages: ['jq', 'etcd-server', 'jq'] }, sources)).toBe(one);
    expect(imageScript({ suite: 'bookworm', packages: ['jq'] }, sources)).not.toBe(one);
  });
});

describe('the hosts the package cache fetches from', () => {
  it('are those of plain HTTP mirrors', () => {
    const lines = [
      ...sources,
      'deb https://secure.example.org/debian bookworm main',
      'deb http://m.example.org:8080/d x main',
    ];
    expect([...mirrorHosts(lines)]).toEqual(['deb.debian.org', 'm.example.org:8080']);
  });
});
