import { writeFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { readLeaseMessage, type ToldLease } from '../dhcp/leases/lease-message.ts';
import type { BootService } from '../boot-service/boot-service.ts';
import { readFromListener } from '../http-boot/listener/messages.ts';
import { type SupervisedProcess, superviseProcess } from './supervised-process.ts';

export type BootProcessName = 'dhcp' | 'tftp' | 'http';

export interface SiteProcessesOptions {
  /** Directory for the configuration of the processes. */
  readonly run: string;
  readonly journal: string;
  /** Each as JSON. `tftp` null: the site has none. */
  readonly configurations: { readonly dhcp: string; readonly tftp: string | null; readonly http: string };
  /** Leases that a copy of the journal has, in case that this host has none. */
  readonly copied: readonly ToldLease[];
  /** Broadcast sockets for the DHCP server, by name. */
  readonly sockets: ReadonlyMap<string, number>;
  readonly service: BootService;
  readonly leases: (batch: readonly ToldLease[]) => void;
  readonly onEvent: (event: SiteProcessEvent) => void;
}

/** What a person or the site should hear of. */
export type SiteProcessEvent =
  | { readonly kind: 'ready'; readonly process: BootProcessName }
  | {
      readonly kind: 'ended';
      readonly process: BootProcessName;
      readonly how: string;
      readonly delayMs: number;
      readonly lines: readonly string[];
    }
  | { readonly kind: 'other-dhcp-server'; readonly address: string; readonly offered: string }
  /** A line of a process that is worth a line in the log. */
  | { readonly kind: 'said'; readonly process: BootProcessName; readonly line: Readonly<Record<string, unknown>> };

export interface SiteProcesses {
  /** Another configuration of the DHCP server: subnets, reservations, nodes. It reads it without a restart. */
  reconfigureDhcp(configuration: string): Promise<void>;
  close(): Promise<void>;
}

/** This very folder, built or not. */
const program = (name: string): string =>
  fileURLToPath(new URL(`../${name}/main${path.extname(import.meta.url)}`, import.meta.url));

const line = z.looseObject({ event: z.string() });
const otherServer = z.object({ server: z.object({ address: z.string(), offered: z.string() }) });

/** Starts the processes of a site and keeps them running. */
export async function startSiteProcesses(options: SiteProcessesOptions): Promise<SiteProcesses> {
  const { run, configurations, onEvent } = options;
  const fileOf = (name: string): string => path.join(run, `${name}.json`);
  const write = async (name: string, text: string): Promise<void> => {
    // Renamed into place: a process that starts just now reads one or the other.
    await writeFile(`${fileOf(name)}.new`, text, { mode: 0o644 });
    await rename(`${fileOf(name)}.new`, fileOf(name));
  };
  await write('dhcp', configurations.dhcp);
  await write('http', configurations.http);
  await write('copied-leases', JSON.stringify(options.copied));
  if (configurations.tftp !== null) await write('tftp', configurations.tftp);

  /** A server that does not run yet would die of the signal, and reads what is written by then. */
  let dhcpIsReady = false;
  let dhcpMayBeBehind = false;
  const seen = (event: SiteProcessEvent): void => {
    if ('process' in event && event.process === 'dhcp' && event.kind !== 'said') {
      dhcpIsReady = event.kind === 'ready';
      if (dhcpIsReady && dhcpMayBeBehind) dhcpMayBeBehind = !dhcp.signal('SIGHUP');
    }
    onEvent(event);
  };
  const common = (name: BootProcessName) => ({
    name,
    said: (text: string) => {
      const event = readLine(text);
      if (event === null) return;
      if ((name === 'dhcp' && event.event === 'ready') || event['ready'] === true)
        onEvent({ kind: 'ready', process: name });
      const other = event.event === 'other-server' ? otherServer.safeParse(event) : null;
      if (other?.success === true) onEvent({ kind: 'other-dhcp-server', ...other.data.server });
      else onEvent({ kind: 'said', process: name, line: event });
    },
    ended: (how: string, delayMs: number, lines: readonly string[]) =>
      seen({ kind: 'ended', process: name, how, delayMs, lines }),
  });
  const dhcp = superviseProcess({
    ...common('dhcp'),
    program: program('dhcp'),
    args: ['--config', fileOf('dhcp'), '--journal', options.journal, '--copied', fileOf('copied-leases')],
    sockets: options.sockets,
    heard: (message) => options.leases(readLeaseMessage(message)),
  });
  const processes: SupervisedProcess[] = [dhcp];
  if (configurations.tftp !== null) {
    const heard = (): void => undefined;
    processes.push(superviseProcess({ ...common('tftp'), program: program('tftp'), args: [fileOf('tftp')], heard }));
  }
  processes.push(
    superviseProcess({
      ...common('http'),
      program: program('http-boot'),
      args: [fileOf('http')],
      heard: (message, answer) => {
        const said = readFromListener(message);
        if (said.kind !== 'request') return;
        const { request } = said;
        void options.service(request).then((decided) => answer({ id: request.id, decided }));
      },
    }),
  );
  return {
    reconfigureDhcp: async (configuration) => {
      await write('dhcp', configuration);
      if (dhcpIsReady) dhcp.signal('SIGHUP');
      else dhcpMayBeBehind = true;
    },
    close: async () => {
      await Promise.all(processes.map((each) => each.close()));
    },
  };
}

/** TFTP and HTTP say `{"ready":true}`, without an event. */
function readLine(text: string): z.infer<typeof line> | null {
  try {
    const value: unknown = JSON.parse(text);
    const parsed = line.safeParse(typeof value === 'object' ? { event: 'said', ...value } : value);
    return parsed.success ? parsed.data : null;
  } catch {
    return { event: 'output', text: text.slice(0, 500) };
  }
}
