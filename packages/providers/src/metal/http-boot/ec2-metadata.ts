/** EC2-style metadata: a tree of texts below `/latest`; a path that ends with `/`, or has children, lists them. */
import type { MachineData } from './machine-data.ts';

type Tree = { readonly [name: string]: string | Tree };

/** The text at a path such as `/latest/meta-data/hostname`; null: there is nothing. Versions by date are the latest. */
export function renderEc2(path: string, machine: MachineData): string | null {
  const [root, version, ...rest] = path.split('/');
  if (root !== '' || version === undefined || path.length > 512) return null;
  if (version === '') return rest.length === 0 ? 'latest' : null;
  if (version !== 'latest' && !/^\d{4}-\d{2}-\d{2}$/.test(version)) return null;
  let at: string | Tree = treeOf(machine);
  for (const name of rest.filter((segment, index) => segment !== '' || index < rest.length - 1)) {
    // Own names only: `constructor` is no metadata.
    const child: string | Tree | undefined = typeof at !== 'string' && Object.hasOwn(at, name) ? at[name] : undefined;
    if (child === undefined) return null;
    at = child;
  }
  return typeof at === 'string' ? at : list(at);
}

function treeOf({ instanceId, hostname, sshKeys, userData, interfaces }: MachineData): Tree {
  const first = interfaces[0];
  const address = first?.addresses[0]?.split('/')[0];
  return {
    'meta-data': {
      'instance-id': instanceId,
      hostname,
      'local-hostname': hostname,
      ...(address === undefined ? {} : { 'local-ipv4': address }),
      ...(first === undefined ? {} : { mac: first.mac.toLowerCase() }),
      ...(sshKeys.length === 0
        ? {}
        : { 'public-keys': Object.fromEntries(sshKeys.map((key, index) => [String(index), { 'openssh-key': key }])) }),
    },
    ...(userData === null ? {} : { 'user-data': userData }),
  };
}

const list = (tree: Tree): string =>
  Object.entries(tree)
    .map(([name, child]) => (typeof child === 'string' ? name : `${name}/`))
    .join('\n');
