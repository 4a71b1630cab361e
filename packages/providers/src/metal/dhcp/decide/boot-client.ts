import { option } from '../codec/option-codes.ts';
import { readText } from '../codec/option-values.ts';
import type { DhcpPacket } from '../codec/packet.ts';
import { readUserClasses } from '../codec/user-class.ts';
import type { LoaderName } from '../configuration/schema.ts';
import { architectureInClass, architectureOf } from './architectures.ts';

/** The program that asks: none that boots, firmware over TFTP or HTTP, an iPXE, an iPXE that we built. */
export type BootProgram = 'none' | 'pxe' | 'http' | 'ipxe' | 'own-ipxe';

export interface BootClient {
  readonly program: BootProgram;
  readonly loader: LoaderName | null;
  /** Whether it said its architecture in option 93, as PXE wants it (RFC 4578, 2.1). */
  readonly saidArchitecture: boolean;
}

const noClient: BootClient = { program: 'none', loader: null, saidArchitecture: false };

export function readBootClient({ options }: DhcpPacket, ownUserClass: string): BootClient {
  const vendor = options.get(option.vendorClass);
  const userClass = options.get(option.userClass);
  const features = options.get(option.ipxe);
  if (vendor === undefined && userClass === undefined && features === undefined) return noClient;
  const vendorClass = readText(vendor);
  const codes = options.get(option.architecture);
  const architecture = codes === undefined ? architectureInClass(vendorClass) : architectureOf(codes);
  const common = { loader: architecture?.loader ?? null, saidArchitecture: codes !== undefined };

  const userClasses = readUserClasses(userClass);
  if (userClasses.includes(ownUserClass)) return { ...common, program: 'own-ipxe' };
  if (vendorClass.startsWith('HTTPClient')) return { ...common, program: 'http' };
  // FlexBoot is an iPXE that sends no user class; option 175 tells it.
  if (userClasses.includes('iPXE') || (features !== undefined && features.length > 0))
    return { ...common, program: 'ipxe' };
  if (!vendorClass.startsWith('PXEClient')) return noClient;
  return { ...common, program: architecture?.http === true ? 'http' : 'pxe' };
}
