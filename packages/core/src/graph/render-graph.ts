import type { Edge, Graph, Vertex } from '../graph.ts';
import { nodeRanges, ranges } from './node-ranges.ts';
import { compareText, ordinalOf } from './wanted-nodes.ts';

/**
 * A graph as text, equal for equal graphs: first its size, then its edges by parent. Edges that are alike on several
 * nodes are one line with `i` for the ordinal; an edge across nodes names ranges.
 *
 * ```
 * machine@edge-etcd-i -> host-name@edge-etcd-i host-time@edge-etcd-i   (hard, i = 1..3)
 * etcd-member@edge-etcd-1..3 -> gate all(etcd-member)   (hard)
 * ```
 */
export function renderGraph(graph: Graph): string {
  const works = graph.vertices.filter((vertex) => vertex.kind === 'node-role').length;
  const gates = graph.vertices.length - works;
  const head = `${works} node-roles, ${gates} gates, ${graph.edges.length} edges`;
  const lines = [...onNodes(graph), ...acrossNodes(graph)].sort((a, b) => compareText(a.sort, b.sort));
  const loners = alone(graph);
  return [head, ...lines.map((line) => line.text), ...loners, ''].join('\n');
}

interface Line {
  readonly sort: string;
  readonly text: string;
}

interface Place {
  /** The key without its node. */
  readonly label: string;
  readonly node: string | null;
}

function placeOf(key: string): Place {
  const at = key.lastIndexOf('@');
  return at < 0 ? { label: key, node: null } : { label: key.slice(0, at), node: key.slice(at + 1) };
}

const groupOf = (node: string): string => node.replace(/\d+$/, '');

const isOnNode = (edge: Edge): boolean => {
  const node = placeOf(edge.from).node;
  return node !== null && node === placeOf(edge.to).node;
};

/** First the nodes on which an edge is, then the edges that are on the same nodes. */
function onNodes(graph: Graph): readonly Line[] {
  const nodesByEdge = new Map<string, { from: string; to: string; kind: string; group: string; ordinals: number[] }>();
  for (const edge of graph.edges.filter(isOnNode)) {
    const { label: from, node } = placeOf(edge.from);
    const { label: to } = placeOf(edge.to);
    const group = groupOf(node ?? '');
    const id = [from, to, edge.kind, group].join('\n');
    const known = nodesByEdge.get(id) ?? { from, to, kind: edge.kind, group, ordinals: [] };
    known.ordinals.push(ordinalOf(node));
    nodesByEdge.set(id, known);
  }
  const children = new Map<string, { head: string; tail: string; to: string[] }>();
  for (const { from, to, kind, group, ordinals } of nodesByEdge.values()) {
    const head = `${from}@${group}i`;
    const tail = `(${kind}, i = ${ranges(ordinals)})`;
    const line = children.get(head + tail) ?? { head, tail, to: [] };
    line.to.push(`${to}@${group}i`);
    children.set(head + tail, line);
  }
  return [...children.values()].map(({ head, tail, to }) => lineOf(head, to, tail));
}

/** From a class of vertices to another, where at least one end is not on the other's node. */
function acrossNodes(graph: Graph): readonly Line[] {
  const classes = new Map<string, { from: Place[]; to: Place[]; kind: string }>();
  for (const edge of graph.edges) {
    if (isOnNode(edge)) continue;
    const from = placeOf(edge.from);
    const to = placeOf(edge.to);
    const classOf = ({ label, node }: Place) => `${label}@${node === null ? '' : groupOf(node)}`;
    const id = [classOf(from), classOf(to), edge.kind].join('\n');
    const known = classes.get(id) ?? { from: [], to: [], kind: edge.kind };
    known.from.push(from);
    known.to.push(to);
    classes.set(id, known);
  }
  return [...classes.values()].map(({ from, to, kind }) => lineOf(placesText(from), [placesText(to)], `(${kind})`));
}

function placesText(places: readonly Place[]): string {
  const label = places[0]?.label ?? '';
  const nodes = places.flatMap((place) => place.node ?? []);
  return nodes.length === 0 ? label : `${label}@${nodeRanges(nodes)}`;
}

const lineOf = (head: string, to: readonly string[], tail: string): Line => ({
  sort: `${head} ${tail}`,
  text: `${head} -> ${[...to].sort(compareText).join(' ')}   ${tail}`,
});

/** Vertices without any edge would not be seen otherwise. */
function alone(graph: Graph): readonly string[] {
  const joined = new Set(graph.edges.flatMap((edge) => [edge.from, edge.to]));
  return graph.vertices.filter((vertex: Vertex) => !joined.has(vertex.key)).map((vertex) => vertex.key);
}
