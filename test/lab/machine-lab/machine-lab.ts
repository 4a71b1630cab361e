/**
 * Machines of QEMU on a bridge in a network namespace of their own, powered on with nothing but firmware. Our DHCP and TFTP
 * servers run there as processes; HTTP on 10.77.0.1:8080 is answered by whoever listens on a socket in the file system.
 */
import { type ChildProcess, execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Lab, openLab } from '../../metal/dhcp/lab.ts';
import { until } from '../../support/until.ts';
import { startTftpProcess } from '../../metal/tftp-server.ts';

const root = resolve(import.meta.dirname, '../../..');

/** Where machines find HTTP. */
export const baseUrl = 'http://10.77.0.1:8080';
/** Of the card that the machine boots from. */
export const bootMac = '52:54:00:77:00:21';

export interface MachineLab {
  readonly directory: string;
  /** Socket for the server that answers HTTP. */
  readonly httpSocket: string;
  /** A disk of that many MiB full of ones. */
  disk(name: string, mebibytes: number): string;
  /** Powers a machine on, with these arguments beside firmware, network card and serial console. */
  powerOn(firmware: 'bios' | 'uefi', devices: readonly string[]): ChildProcess;
  console(): string;
  /** Sends an Ethernet frame into the machine's cable. */
  sendFrame(frame: Buffer): Promise<void>;
  close(): Promise<void>;
}

export async function openMachineLab(): Promise<MachineLab> {
  const lab = await openLab();
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const closer of closers) await closer();
    await lab.close();
  };
  try {
    network(lab);
    await until(
      'the bridge has a carrier',
      () => linkOf(lab),
      (link) => link.includes('LOWER_UP'),
    );
    const httpSocket = join(lab.directory, 'http');
    await serve(lab, httpSocket);
    closers.push(await serveLoader(lab));
    return { ...machineOf(lab), directory: lab.directory, httpSocket, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function network(lab: Lab): void {
  for (const args of [
    ['link', 'add', 'br0', 'type', 'bridge'],
    ['addr', 'add', '10.77.0.1/24', 'dev', 'br0'],
    ['tuntap', 'add', 'dev', 'tap0', 'mode', 'tap'],
    ['link', 'set', 'tap0', 'master', 'br0'],
    ['link', 'set', 'tap0', 'up'],
    // Node does not see a bridge without a carrier, and no machine is on yet.
    ['link', 'add', 'name', 'carrier0', 'type', 'veth', 'peer', 'name', 'carrier1'],
    ['link', 'set', 'carrier1', 'up'],
    ['link', 'set', 'carrier0', 'master', 'br0', 'up'],
    ['link', 'set', 'br0', 'up'],
  ]) {
    execFileSync('ip', ['-n', lab.server, ...args], { timeout: 10_000 });
  }
}

/** The kernel tells of a carrier a moment after it is there. */
const linkOf = (lab: Lab): string =>
  execFileSync('ip', ['-n', lab.server, '-o', 'link', 'show', 'br0'], { encoding: 'utf8', timeout: 10_000 });

async function serve(lab: Lab, httpSocket: string): Promise<void> {
  const relay = join(root, 'test/lab/socket-relay/main.ts');
  const child = lab.start(lab.server, process.execPath, [
    ...['--conditions=formwork-source', '--import', 'tsx', relay, '10.77.0.1', '8080', httpSocket],
  ]);
  if (child.stdout !== null) await once(child.stdout, 'data', { signal: AbortSignal.timeout(30_000) });
  const pools = [{ first: '10.77.0.100', last: '10.77.0.110' }];
  const dhcp = await lab.serve({
    listen: [{ address: '10.77.0.1' }],
    subnets: [{ name: 'lab', cidr: '10.77.0.0/24', pools, routers: ['10.77.0.1'] }],
    boot: { script: `${baseUrl}/boot.ipxe` },
    rogue: { watch: false },
  });
  if (dhcp.lines[0]?.event !== 'ready') throw new Error(`the DHCP server did not start: ${JSON.stringify(dhcp.lines)}`);
}

/** The loader that UEFI's own PXE client asks for. */
async function serveLoader(lab: Lab): Promise<() => Promise<void>> {
  const tree = join(lab.directory, 'tftp');
  mkdirSync(tree);
  copyFileSync('/usr/lib/ipxe/snponly.efi', join(tree, 'snponly.efi'));
  const within = ['ip', 'netns', 'exec', lab.server];
  const tftp = await startTftpProcess(within, lab.directory, { addresses: ['10.77.0.1'], root: tree, processes: 1 });
  return tftp.stop;
}

function machineOf(lab: Lab): Pick<MachineLab, 'disk' | 'powerOn' | 'console' | 'sendFrame'> {
  const serial = join(lab.directory, 'console');
  writeFileSync(serial, '');
  return {
    disk: (name, mebibytes) => {
      const file = join(lab.directory, name);
      writeFileSync(file, Buffer.alloc(mebibytes << 20, 1));
      return file;
    },
    powerOn: (firmware, devices) => {
      const variables = join(lab.directory, 'variables');
      if (firmware === 'uefi') copyFileSync('/usr/share/OVMF/OVMF_VARS_4M.fd', variables);
      const flash = [
        ...['-drive', 'if=pflash,format=raw,unit=0,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd'],
        ...['-drive', `if=pflash,format=raw,unit=1,file=${variables}`],
      ];
      // The BIOS ROM is an iPXE; without it UEFI uses a PXE client of its own.
      const card = `virtio-net-pci,netdev=n0,mac=${bootMac},bootindex=1${firmware === 'uefi' ? ',romfile=' : ''}`;
      return lab.start(lab.server, 'qemu-system-x86_64', [
        ...['-machine', 'q35,graphics=off', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '768'],
        ...['-display', 'none', '-vga', 'none', '-nodefaults', '-no-reboot', '-serial', `file:${serial}`],
        ...['-smbios', 'type=1,manufacturer=Formwork Lab,serial=SN-1,uuid=4c4c4544-0000-4000-8000-000000000021'],
        ...(firmware === 'uefi' ? flash : []),
        ...['-netdev', 'tap,id=n0,ifname=tap0,script=no,downscript=no', '-device', card],
        ...devices,
      ]);
    },
    console: () => readFileSync(serial, 'latin1'),
    sendFrame: async (frame) => {
      // A packet socket (17), with an address as packet(7) has it.
      const program = `use Socket; my $frame = pack('H*', $ARGV[0]);
        open(my $file, '<', '/sys/class/net/tap0/ifindex') or die $!; my $index = <$file>;
        socket(my $socket, 17, SOCK_RAW, 0x0300) or die $!;
        send($socket, $frame, 0, pack('S n l S C C a8', 17, 0x88cc, $index, 0, 0, 6, substr($frame, 0, 6))) or die $!;`;
      const { code, text } = await lab.run(lab.server, 'perl', ['-e', program, frame.toString('hex')]);
      if (code !== 0) throw new Error(`perl: ${text}`);
    },
  };
}
