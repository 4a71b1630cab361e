import type { Edge, GateVertex, Graph, Vertex } from '../graph.ts';
import { compareText } from './wanted-nodes.ts';

/** A graph under construction. Adding twice is harmless; of two edges between the same ends the hard one stays. */
export interface GraphDraft {
  readonly vertices: Map<string, Vertex>;
  /** By child, then by parent. */
  readonly edges: Map<string, Map<string, Edge>>;
}

export const newDraft = (): GraphDraft => ({ vertices: new Map(), edges: new Map() });

export function addEdge(draft: GraphDraft, from: string, to: string, kind: Edge['kind']): void {
  const parents = draft.edges.get(to);
  if (parents === undefined) {
    draft.edges.set(to, new Map([[from, { from, to, kind }]]));
  } else if (parents.get(from)?.kind !== 'hard') {
    parents.set(from, { from, to, kind });
  }
}

/** Adds a gate with its parents, once: whoever asks for the same gate again gets the key alone. */
export function addGate(draft: GraphDraft, gate: Omit<GateVertex, 'kind'>, parents: Iterable<string>): string {
  if (draft.vertices.has(gate.key)) return gate.key;
  draft.vertices.set(gate.key, { kind: 'gate', ...gate });
  for (const parent of parents) addEdge(draft, parent, gate.key, gate.edges);
  return gate.key;
}

/** Sorted by key, and edges by child and parent: equal graphs are equal text. */
export function finishDraft(draft: GraphDraft): Graph {
  const vertices = [...draft.vertices.values()].sort((a, b) => compareText(a.key, b.key));
  const edges = [...draft.edges.values()].flatMap((parents) => [...parents.values()]);
  edges.sort((a, b) => compareText(a.from, b.from) || compareText(a.to, b.to));
  return { vertices, edges };
}
