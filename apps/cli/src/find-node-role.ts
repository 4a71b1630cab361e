import { allItems, type Client, FormworkError } from '@formwork/api';

export interface NodeRolePlace {
  readonly name: string;
  readonly nodeRole: string;
}

/**
 * The deployment of a node-role. Named by `-d`, else the one whose name begins the node's name in the key
 * (`etcd-member@edge-etcd-1` is of `edge`), else the only one there is. Errors: `which-deployment`.
 */
export async function findNodeRole(
  client: Client,
  nodeRole: string,
  deployment: string | undefined,
): Promise<NodeRolePlace> {
  if (deployment !== undefined) return { name: deployment, nodeRole };
  const names: string[] = [];
  const pages = allItems((cursor) => client.call('listDeployments', { query: cursor === undefined ? {} : { cursor } }));
  for await (const { name } of pages) names.push(name);
  const name = guessDeployment(nodeRole, names);
  if (name !== null) return { name, nodeRole };
  throw new FormworkError(
    'invalid',
    'which-deployment',
    `say which deployment "${nodeRole}" is of with -d; there are: ${names.join(', ') || 'none'}`,
  );
}

export function guessDeployment(nodeRole: string, names: readonly string[]): string | null {
  const node = nodeRole.split('@')[1];
  const fitting = node === undefined ? [] : names.filter((name) => node.startsWith(`${name}-`));
  const longest = fitting.sort((a, b) => b.length - a.length)[0];
  return longest ?? (names.length === 1 ? (names[0] ?? null) : null);
}
