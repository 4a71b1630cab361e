import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { expect, it } from 'vitest';
import { generateDeploymentKeyPair } from './deployment-key-pair.ts';

it('makes keys that OpenSSH reads', () => {
  const directory = mkdtempSync(join(tmpdir(), 'formwork-key-'));
  try {
    const { privateKey, publicKey } = generateDeploymentKeyPair('edge');
    writeFileSync(join(directory, 'key'), privateKey, { mode: 0o600 });
    const derived = execFileSync('ssh-keygen', ['-y', '-f', join(directory, 'key')])
      .toString()
      .trim();
    expect(derived).toBe(publicKey);
    expect(publicKey).toMatch(/^ssh-ed25519 \S+ edge$/);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

it('makes keys that ssh2 reads, every time', () => {
  const bad = Array.from({ length: 500 }, () => ssh2.utils.parseKey(generateDeploymentKeyPair().privateKey)).filter(
    (parsed) => parsed instanceof Error,
  );
  expect(bad).toEqual([]);
});
