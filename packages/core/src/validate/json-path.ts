export type PathSegment = string | number;

/** `$.groups[0].params.etcd.x`; a key that is no plain word is quoted: `$.groups[0].nodes['edge-etcd-1']`. */
export function jsonPath(segments: readonly PathSegment[]): string {
  let path = '$';
  for (const segment of segments) {
    if (typeof segment === 'number') path += `[${segment}]`;
    else if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(segment)) path += `.${segment}`;
    else path += `['${segment.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}']`;
  }
  return path;
}

/** The segments of a path that `jsonPath` wrote; null for any other text. */
export function parseJsonPath(path: string): readonly PathSegment[] | null {
  if (!path.startsWith('$')) return null;
  const segments: PathSegment[] = [];
  const pattern = /\.([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\['((?:[^'\\]|\\.)*)'\]/gsy;
  pattern.lastIndex = 1;
  while (pattern.lastIndex < path.length) {
    const match = pattern.exec(path);
    if (match === null) return null;
    const [, word, index, quoted] = match;
    if (word !== undefined) segments.push(word);
    else if (index !== undefined) segments.push(Number(index));
    else segments.push((quoted ?? '').replace(/\\(.)/gs, '$1'));
  }
  return segments;
}
