import type { LoaderName } from '../configuration/schema.ts';

/** Client architectures of option 93 (IANA "Processor Architecture Types"): what they load, and whether over HTTP. */
interface Architecture {
  readonly loader: LoaderName;
  readonly http: boolean;
}

const tftp = (loader: LoaderName): Architecture => ({ loader, http: false });
const http = (loader: LoaderName): Architecture => ({ loader, http: true });

const architectures: ReadonlyMap<number, Architecture> = new Map([
  [0x00, tftp('bios')],
  [0x06, tftp('ia32-uefi')],
  [0x07, tftp('x64-uefi')],
  // EBC by the letter; what it is sent by are x64 firmwares.
  [0x09, tftp('x64-uefi')],
  [0x0a, tftp('arm32-uefi')],
  [0x0b, tftp('arm64-uefi')],
  [0x0c, tftp('ppc64')],
  [0x0d, tftp('ppc64')],
  [0x0e, tftp('ppc64')],
  [0x0f, http('ia32-uefi')],
  [0x10, http('x64-uefi')],
  [0x11, http('x64-uefi')],
  [0x12, http('arm32-uefi')],
  [0x13, http('arm64-uefi')],
  [0x14, http('bios')],
  [0x15, tftp('uboot-arm32')],
  [0x16, tftp('uboot-arm64')],
  [0x17, http('uboot-arm32')],
  [0x18, http('uboot-arm64')],
  [0x19, tftp('riscv32-uefi')],
  [0x1a, http('riscv32-uefi')],
  [0x1b, tftp('riscv64-uefi')],
  [0x1c, http('riscv64-uefi')],
  [0x1f, tftp('s390x')],
  [0x20, tftp('s390x')],
  [0x27, tftp('loongarch64-uefi')],
  [0x28, http('loongarch64-uefi')],
  [0x29, tftp('raspberry-pi')],
]);

/** The first of the codes of option 93 that means something here. */
export function architectureOf(codes: Buffer): Architecture | null {
  for (let at = 0; at + 2 <= codes.length; at += 2) {
    const found = architectures.get(codes.readUInt16BE(at));
    if (found !== undefined) return found;
  }
  return null;
}

/** As the vendor class says it, `PXEClient:Arch:00007:UNDI:003016` (PXE 2.1, table 2-1), for ROMs without option 93. */
export function architectureInClass(vendorClass: string): Architecture | null {
  const code = /:Arch:(\d{5})/.exec(vendorClass)?.[1];
  return code === undefined ? null : (architectures.get(Number(code)) ?? null);
}
