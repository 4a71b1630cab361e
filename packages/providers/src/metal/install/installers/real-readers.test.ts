/** The rendered files, read by what Debian has for them: debconf and cloud-init. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seedFiles } from '../seed/seed-files.ts';
import { lacking, unpackedCloudInit } from '../testing/programs.ts';
import { renderAutoinstall } from './render-autoinstall.ts';
import { renderPreseed } from './render-preseed.ts';
import { described, input, variants } from './testing/description.ts';

let directory = '';
beforeAll(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'formwork-installers-'));
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(lacking(['debconf-set-selections']).length > 0)('a preseed file (package debconf)', () => {
  it.each(variants)('%s is read by debconf', (name, more) => {
    const file = path.join(directory, `preseed-${name}`);
    const text = renderPreseed(described(more));
    writeFileSync(file, text);
    const said = execFileSync('sh', ['-c', 'debconf-set-selections --checkonly --verbose "$0" 2>&1', file], {
      encoding: 'utf8',
    });
    expect(said).not.toMatch(/error|warning/i);
    // Every line is a question that it has understood.
    const lines = text.split('\n').filter((line) => line !== '');
    expect(said.split('\n').filter((line) => line.startsWith('info: Trying to set '))).toHaveLength(lines.length);
  });
});

describe.skipIf(lacking(['/usr/bin/python3']).length > 0)(
  "cloud-init's own check (package cloud-init, unpacked)",
  () => {
    it('takes autoinstall files, and what the seed holds for cloud-init', () => {
      const cloudInit = unpackedCloudInit(path.join(directory, 'cloud-init'));
      if (cloudInit === null) throw new Error('apt-get cannot fetch cloud-init; apt-get update may help');
      const seed = seedFiles({ ...input.firstBoot, userData: null }, null, 'cloud-init');
      const documents = [
        ...variants.map(([, more]) => renderAutoinstall(described(more))),
        ...(seed.ok ? [String(seed.value['vendor-data']), String(seed.value['user-data'])] : []),
      ];
      expect(documents).toHaveLength(4);
      for (const [index, text] of documents.entries()) {
        const file = path.join(directory, `cloud-config-${index}`);
        writeFileSync(file, text);
        expect(cloudInit(['schema', '--config-file', file])).toContain('Valid cloud-config');
      }
      const wrong = path.join(directory, 'cloud-config-wrong');
      writeFileSync(wrong, '#cloud-config\n{"autoinstall": {"version": "x"}, "users": [{"lock_passwd": "x"}]}\n');
      expect(() => cloudInit(['schema', '--config-file', wrong])).toThrow();
    });
  },
);
