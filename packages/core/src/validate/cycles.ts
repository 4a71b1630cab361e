/** What a vertex waits for, by name. Names without an entry wait for nothing. */
export type WaitsFor = ReadonlyMap<string, readonly string[]>;

/**
 * One shortest cycle of every strongly connected part of the graph, beginning with its alphabetically first member:
 * `['a', 'b']` means that a waits for b and b for a. Sorted; iterative, so that depth does not matter.
 */
export function findCycles(waitsFor: WaitsFor): readonly (readonly string[])[] {
  return components(waitsFor)
    .filter((members) => members.length > 1 || (waitsFor.get(members[0] ?? '') ?? []).includes(members[0] ?? ''))
    .map((members) => shortestCycle([...members].sort(), waitsFor))
    .sort((a, b) => (a.join() < b.join() ? -1 : 1));
}

/** Tarjan's strongly connected components, with a stack of our own. */
function components(waitsFor: WaitsFor): readonly (readonly string[])[] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const found: string[][] = [];
  const lower = (name: string, value: number): void => {
    low.set(name, Math.min(low.get(name) ?? value, value));
  };
  for (const root of waitsFor.keys()) {
    if (order.has(root)) continue;
    const frames: { name: string; next: number }[] = [];
    const enter = (name: string): void => {
      order.set(name, order.size);
      lower(name, order.get(name) ?? 0);
      open.push(name);
      isOpen.add(name);
      frames.push({ name, next: 0 });
    };
    enter(root);
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      const parent = (waitsFor.get(frame.name) ?? [])[frame.next];
      frame.next += 1;
      if (parent !== undefined) {
        if (!order.has(parent)) enter(parent);
        else if (isOpen.has(parent)) lower(frame.name, order.get(parent) ?? 0);
        continue;
      }
      frames.pop();
      const child = frames.at(-1);
      if (child !== undefined) lower(child.name, low.get(frame.name) ?? 0);
      if (low.get(frame.name) !== order.get(frame.name)) continue;
      const members = open.splice(open.lastIndexOf(frame.name));
      for (const member of members) isOpen.delete(member);
      found.push(members);
    }
  }
  return found;
}

function shortestCycle(members: readonly string[], waitsFor: WaitsFor): readonly string[] {
  const start = members[0] ?? '';
  const inside = new Set(members);
  const from = new Map<string, string>();
  const queue = [start];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    for (const parent of waitsFor.get(name) ?? []) {
      if (parent === start) {
        const cycle = [name];
        for (let at = name; at !== start; ) {
          at = from.get(at) ?? start;
          cycle.push(at);
        }
        return cycle.reverse();
      }
      if (!inside.has(parent) || from.has(parent)) continue;
      from.set(parent, name);
      queue.push(parent);
    }
  }
  return members;
}
