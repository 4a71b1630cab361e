import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { imageFiles } from './image-files.ts';
import { readImageOptions } from './image-options.ts';
import { imageIdentity, imageScript, kernelArguments } from './image-script.ts';

const inputOf = (name: string, ...args: readonly string[]) => readImageOptions(name, args).input;

describe('the script that builds an image', () => {
  it.each([['debian-12'], ['debian-13'], ['ubuntu-24.04']])('of %s is one that a POSIX shell can read', (name) => {
    for (const firstBoot of ['formwork', 'cloud-init']) {
      const input = inputOf(name, '--first-boot', firstBoot);
      execFileSync('sh', ['-n'], { input: imageScript(input, imageIdentity(input)) });
    }
  });

  it('puts in scripts that a POSIX shell can read', () => {
    const scripts = imageFiles.filter(({ text }) => text.startsWith('#!/bin/sh'));
    expect(scripts.length).toBeGreaterThan(3);
    for (const { text } of scripts) execFileSync('sh', ['-n'], { input: text });
  });

  it('gives the same image the same identity, and another one another', () => {
    const one = imageIdentity(inputOf('debian-12', '--package', 'jq', '--package', 'etcd-server'));
    expect(imageIdentity(inputOf('debian-12', '--package', 'etcd-server', '--package', 'jq', '--output', '/x'))).toBe(
      one,
    );
    const others = [
      inputOf('debian-12', '--package', 'jq'),
      inputOf('debian-13', '--package', 'jq', '--package', 'etcd-server'),
      inputOf('debian-12', '--package', 'jq', '--package', 'etcd-server', '--kernel', 'cloud'),
      inputOf('debian-12', '--package', 'jq', '--package', 'etcd-server', '--first-boot', 'cloud-init'),
      inputOf('debian-12', '--package', 'jq', '--package', 'etcd-server', '--mirror', 'http://m.example.org/debian'),
    ].map(imageIdentity);
    expect(new Set([one, ...others]).size).toBe(6);
    expect(kernelArguments(one)).toMatch(/^root=PARTUUID=[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12} ro /);
  });
});

describe('the command line of the builder', () => {
  it.each<readonly [string, readonly [string, ...string[]], string]>([
    ['a word too many', ['debian-12', 'debian-13'], "'debian-13'"],
    ['an unknown distribution', ['debian12'], 'there is no distribution "debian12"; build one of debian-12'],
    ['a name of JavaScript', ['constructor'], 'there is no distribution "constructor"'],
    ['an unknown option', ['debian-12', '--size', '3'], '--size'],
    ['a package that is none', ['debian-12', '--package', 'a b'], '--package.0: write the name of a package'],
    ['a mirror that is no URL', ['debian-12', '--mirror', '/srv'], '--mirror'],
    ['a relative keyring', ['debian-12', '--keyring', 'k.gpg'], '--keyring: write an absolute path'],
  ])('with %s is refused', (_, [name, ...args], message) => {
    expect(() => readImageOptions(name, args)).toThrow(message);
  });

  it('changes the mirrors one by one', () => {
    const input = inputOf('ubuntu-24.04', '--mirror', 'http://m.example.org/ubuntu');
    expect(input.sources).toEqual([
      'deb http://m.example.org/ubuntu noble main universe',
      'deb http://security.ubuntu.com/ubuntu noble-security main universe',
    ]);
  });
});
