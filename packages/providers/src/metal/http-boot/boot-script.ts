/**
 * iPXE scripts, made for each request. None is ever empty and none ends without a next step: a machine that gets no
 * answer shows a firmware menu for ever. What fails is tried again, on every interface, with longer and longer pauses.
 */
import { ipxeEcho, ipxeWord } from './ipxe-text.ts';

/** What the server has decided for this boot of this machine. */
export type BootDecision =
  /** Nothing is known of it, or its facts are wanted. */
  | { readonly kind: 'discover'; readonly image: BootImage; readonly token: string | null }
  /** It is installed: its own disk. */
  | { readonly kind: 'local' }
  | { readonly kind: 'install'; readonly image: BootImage; readonly token: string }
  | { readonly kind: 'rescue'; readonly image: BootImage; readonly token: string }
  /** Held: waiting for approval, broken, in maintenance. It asks again by itself. */
  | { readonly kind: 'wait'; readonly reason: string; readonly seconds: number };

/** Paths are relative to the base URL; arguments are for the kernel's command line. */
export interface BootImage {
  readonly kernel: string;
  readonly initrd: string;
  readonly arguments: readonly string[];
}

interface Context {
  /** Where this server is, as machines reach it: `http://10.77.0.1:8080`. */
  readonly baseUrl: string;
}

const longestPauseSeconds = 64;

/**
 * Values that iPXE puts into the request for its script. `uristring` encodes spaces and the like, but not `&`: so what a
 * vendor may have filled in comes last, and the first of two equal parameters holds.
 */
const asked = [
  ['mac', '${net${nic}/mac:hexhyp}'],
  ['busid', '${net${nic}/busid:hexraw}'],
  ['address', '${net${nic}/ip}'],
  ['uuid', '${uuid}'],
  ['platform', '${platform}'],
  ['buildarch', '${buildarch}'],
  ['serial', '${serial:uristring}'],
  ['asset', '${asset:uristring}'],
  ['board-serial', '${board-serial:uristring}'],
  ['manufacturer', '${manufacturer:uristring}'],
  ['product', '${product:uristring}'],
] as const;

/** The same for every machine, so that it can be served to anyone: finds an interface that leads here, then asks. */
export function renderFirstScript({ baseUrl }: Context): string {
  const query = asked.map(([name, value]) => `${name}=${value}`).join('&');
  return lines([
    '#!ipxe',
    'set pause:int32 1',
    ':again',
    'set nic:int32 0',
    ':next',
    'isset ${net${nic}/mac} || goto pause',
    // An address that firmware or a script before has got is kept.
    'isset ${net${nic}/ip} || dhcp net${nic} || goto skip',
    `chain --autofree --replace ${ipxeWord(baseUrl)}/ipxe?${query} || goto skip`,
    ':skip',
    'inc nic',
    'goto next',
    ':pause',
    `echo ${ipxeEcho('no interface leads to the server, trying again')}`,
    'sleep ${pause}',
    `iseq \${pause} ${longestPauseSeconds} || inc pause \${pause}`,
    'goto again',
  ]);
}

/** The answer to one machine. */
export function renderBootScript(decision: BootDecision, { baseUrl }: Context): string {
  const base = ipxeWord(baseUrl);
  const again = ['sleep 5', `chain --autofree --replace ${base}/boot.ipxe || goto failed`];
  switch (decision.kind) {
    case 'local':
      return lines([
        '#!ipxe',
        `echo ${ipxeEcho('this machine is installed: its own disk')}`,
        // UEFI goes on with the next entry of its boot order; a BIOS has to be told the disk.
        'iseq ${platform} efi && exit 0 ||',
        'sanboot --no-describe --drive 0x80 || exit 1',
      ]);
    case 'wait': {
      const seconds = Number.isFinite(decision.seconds)
        ? Math.max(1, Math.min(3600, Math.round(decision.seconds)))
        : 60;
      return lines(['#!ipxe', `echo ${ipxeEcho(decision.reason) || 'held'}`, `sleep ${seconds}`, ':failed', ...again]);
    }
    case 'discover':
    case 'install':
    case 'rescue': {
      const { image, token } = decision;
      const words = [
        'initrd=initrd',
        `formwork.mode=${decision.kind}`,
        `formwork.server=${base}`,
        ...(token === null ? [] : [`formwork.token=${ipxeWord(token)}`]),
        'formwork.mac=${netX/mac:hexhyp}',
        ...image.arguments.map(ipxeWord),
      ];
      return lines([
        '#!ipxe',
        'imgfree',
        `kernel --name kernel ${base}/${ipxeWord(image.kernel)} ${words.join(' ')} || goto failed`,
        `initrd --name initrd ${base}/${ipxeWord(image.initrd)} || goto failed`,
        'boot || goto failed',
        ':failed',
        `echo ${ipxeEcho(`${decision.kind} did not start, trying again`)}`,
        ...again,
      ]);
    }
  }
}

const lines = (list: readonly string[]): string => `${list.join('\n')}\n`;
