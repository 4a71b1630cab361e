import { formatIpv4, type Ipv4 } from '../codec/ipv4.ts';
import type { NodeBoot, Subnet } from '../configuration/network.ts';
import type { BootClient } from './boot-client.ts';
import type { BootHistory, BootStep } from './context.ts';

/** What the client boots, and in whose form it wants to be told. */
export interface BootPlan {
  readonly file: string;
  readonly nextServer: Ipv4;
  readonly serverName: string;
  /** Option 60 of the reply; null: none, an iPXE asks for no PXE server. */
  readonly vendorClass: 'PXEClient' | 'HTTPClient' | null;
  readonly step: BootStep;
}

export interface BootDecision {
  readonly plan: BootPlan | null;
  readonly loop: boolean;
}

const none: BootDecision = { plan: null, loop: false };

/** So many loaders in a row without their iPXE ever asking are a loop: the machine shall try its next device. */
const mostLoaders = 5;

/**
 * own iPXE -> the script; HTTP firmware -> the loader's URL; another iPXE -> the script, or our iPXE first where that
 * is wanted and it has not just been tried; PXE firmware -> the loader's name.
 */
export function planBoot(
  { program, loader: said }: BootClient,
  node: NodeBoot | null,
  subnet: Subnet,
  serverAddress: Ipv4,
  history: BootHistory | null,
  xid: number,
): BootDecision {
  if (program === 'none' || node?.netboot === false) return none;
  const { boot } = subnet;
  const nextServer = boot.nextServer ?? serverAddress;
  const serverName = boot.serverName ?? formatIpv4(nextServer);
  const of = (file: string | null | undefined, vendorClass: BootPlan['vendorClass'], step: BootStep): BootDecision =>
    file === null || file === undefined
      ? none
      : { plan: { file, nextServer, serverName, vendorClass, step }, loop: false };

  const tried = history === null || history.lastXid === xid ? 0 : history.loaders;
  const script = node?.script ?? boot.script;
  const wanted = node?.loader ?? said ?? 'bios';
  const loader = boot.loaders[wanted];
  if (program === 'own-ipxe') return of(script, null, 'script');
  if (program === 'ipxe' && (!boot.rechainStockIpxe || loader === undefined || tried > 0))
    return of(script, null, 'script');
  if (tried >= mostLoaders) return { plan: null, loop: true };
  if (program === 'ipxe') return of(loader, null, 'loader');
  if (program === 'pxe') return of(loader, 'PXEClient', 'loader');
  const url =
    boot.httpBase === undefined || loader === undefined ? null : `${boot.httpBase.replace(/\/$/, '')}/${loader}`;
  return of(url, 'HTTPClient', 'loader');
}
