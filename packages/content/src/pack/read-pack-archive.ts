import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Checked, Problem } from '@formwork/core';
import { extract } from 'tar-stream';
import { decodeText, tooLarge } from './pack-text.ts';
import { packLimits } from './pack-limits.ts';
import { type PackFiles, problemAt } from './pack-source.ts';

/** An archive has a header of 512 bytes and padding for each file, and perhaps as much again for long names. */
const maxArchiveBytes = packLimits.totalBytes + packLimits.files * 2048;

/**
 * The files of a pack in a tar or gzipped tar archive; one folder around everything is taken off. Nothing touches the
 * disk. Refused: absolute paths, `..`, links and devices, names twice, and anything over the pack's limits, also while
 * unpacking, so that a small archive cannot grow without bound.
 */
export async function readPackArchive(archive: Uint8Array | AsyncIterable<Uint8Array>): Promise<Checked<PackFiles>> {
  const bytes = archive instanceof Uint8Array ? archive : await collect(archive);
  if (bytes === null || bytes.length > maxArchiveBytes) return refused('too-large', tooLarge);
  const tar = await unzip(bytes);
  if (tar === null)
    return refused('bad-archive', `the archive cannot be unpacked, or not within ${maxArchiveBytes} bytes`);
  try {
    return await readTar(tar);
  } catch {
    return refused('bad-archive', 'the archive is no readable tar or gzipped tar');
  }
}

async function readTar(tar: Uint8Array): Promise<Checked<PackFiles>> {
  const problems: Problem[] = [];
  const files = new Map<string, string>();
  const entries = extract();
  entries.end(tar);
  let count = 0;
  for await (const entry of entries) {
    const { name, type } = entry.header;
    const path = name.replace(/^(\.\/)+/, '').replace(/\/$/, '');
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) if (chunk instanceof Uint8Array) chunks.push(chunk);
    const content = Buffer.concat(chunks);
    const refuse = (code: string, message: string): void => {
      if (problems.length < 50) problems.push(problemAt(path.slice(0, packLimits.pathCharacters), [], code, message));
    };
    count += 1;
    if (count > packLimits.files) return refused('too-large', tooLarge);
    if (type === 'directory' && (path === '' || path === '.')) continue;
    if (!isSafePath(path)) refuse('unsafe-path', 'the path is absolute, leaves the pack or is no plain path');
    else if (type === 'directory' || path.split('/').some((part) => part.startsWith('.'))) continue;
    else if (type !== 'file' && type !== 'contiguous-file') {
      refuse('not-a-file', `only plain files and folders may be in a pack, not a ${type}`);
    } else if (content.length > packLimits.fileBytes) refuse('too-large', tooLarge);
    else if (files.has(path)) refuse('duplicate-file', 'the archive has this file twice');
    else {
      const text = decodeText(content);
      if (text === null) refuse('not-text', 'the file is no UTF-8 text');
      else files.set(path, text);
    }
  }
  if (problems.length > 0) return { ok: false, problems };
  if (files.size === 0) return refused('bad-archive', 'the archive holds no files');
  return { ok: true, value: withoutOuterFolder(files) };
}

const refused = (code: string, message: string): Checked<PackFiles> => ({
  ok: false,
  problems: [{ code, path: '$', message }],
});

async function collect(archive: AsyncIterable<Uint8Array>): Promise<Uint8Array | null> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of archive) {
    length += chunk.length;
    if (length > maxArchiveBytes) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

async function unzip(bytes: Uint8Array): Promise<Uint8Array | null> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await promisify(gunzip)(bytes, { maxOutputLength: maxArchiveBytes });
  } catch {
    return null;
  }
}

function isSafePath(path: string): boolean {
  if (path.length > packLimits.pathCharacters || /[\\\0\r\n]/.test(path) || /^[A-Za-z]:/.test(path)) return false;
  return path.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
}

/** `tar czf etcd.tgz etcd` puts everything into one folder; so do archives made by a forge. */
function withoutOuterFolder(files: ReadonlyMap<string, string>): PackFiles {
  const paths = [...files.keys()];
  const outer = paths[0]?.split('/')[0] ?? '';
  const wrapped = !files.has('pack.yaml') && paths.every((path) => path.startsWith(`${outer}/`));
  return Object.fromEntries([...files].map(([path, text]) => [wrapped ? path.slice(outer.length + 1) : path, text]));
}
