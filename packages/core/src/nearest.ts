const longestCompared = 120;

/**
 * The candidate most like `name`, or null when none is near enough to be what was meant. Ignores case, knows swapped
 * neighbours, and finds `etcd.dataDir` for `dataDir`. Ties go to the first in the alphabet.
 */
export function nearest(name: string, candidates: Iterable<string>): string | null {
  const wanted = name.slice(0, longestCompared).toLowerCase();
  const limit = Math.max(1, Math.min(4, Math.floor(wanted.length / 3) + 1));
  let best: string | null = null;
  let bestDistance = limit + 1;
  for (const candidate of [...new Set(candidates)].sort()) {
    const other = candidate.slice(0, longestCompared).toLowerCase();
    const tail = wanted !== '' && other.endsWith(`.${wanted}`);
    if (!tail && Math.abs(other.length - wanted.length) > limit) continue;
    const distance = tail ? 1 : distanceOf(wanted, other);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** "did you mean 'x'?", or the whole list where nothing is near and the list is short, else undefined. */
export function suggest(name: string, candidates: Iterable<string>): string | undefined {
  const known = [...new Set(candidates)].sort();
  const near = nearest(name, known);
  if (near !== null) return `did you mean '${near}'?`;
  if (known.length === 0 || known.length > 12) return undefined;
  return `use one of: ${known.join(', ')}`;
}

/** Edits between two texts: insert, delete, replace, or swap two neighbours (optimal string alignment). */
function distanceOf(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    before = previous;
    previous = current;
  }
  return previous[b.length] ?? 0;
}
