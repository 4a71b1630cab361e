/**
 * A machine that is a QEMU process. It is started apart from this process, as a real machine is apart from its BMC, and
 * found again by its pid file; `close` ends it. A guest that restarts ends its process: the BMC starts the next one.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import type { BootTarget, Chassis } from './chassis.ts';
import { firmwareVariables, qemuArguments, type QemuMachine } from './qemu-arguments.ts';
import { openQmp, type Qmp } from './qmp.ts';

export interface QemuChassisOptions extends QemuMachine {
  /** Of the disk, made when it is not there. */
  readonly diskMib: number;
}

const patienceMs = 20_000;
const lookMs = 20;

export async function qemuChassis(options: QemuChassisOptions): Promise<Chassis> {
  const { directory, identity, disk, diskMib, firmware } = options;
  let cdImage: string | null = null;
  let qmp: Qmp | null = null;
  let targetAfterReset: () => BootTarget = () => 'default';
  /** The guest restarted and the next process is still to come: such a machine counts as on. */
  let resetting = false;
  let last: Promise<void> = Promise.resolve();

  await mkdir(directory, { recursive: true });
  if (disk !== null && !existsSync(`${directory}/${disk}`)) {
    await writeFile(`${directory}/${disk}`, '');
    await truncate(`${directory}/${disk}`, diskMib * 1024 * 1024);
  }
  if (firmware === 'uefi' && !existsSync(`${directory}/variables`)) {
    await copyFile(firmwareVariables, `${directory}/variables`);
  }

  /** The machine's process, or null; a pid that was given to somebody else since is not ours. */
  const pid = (): number | null => {
    try {
      const found = Number(readFileSync(`${directory}/pid`, 'utf8').trim());
      return readFileSync(`/proc/${found}/cmdline`, 'utf8').includes(`${directory}/pid`) ? found : null;
    } catch {
      return null;
    }
  };
  const until = async (what: string, holds: () => boolean): Promise<void> => {
    const giveUpAt = performance.now() + patienceMs;
    while (!holds()) {
      if (performance.now() > giveUpAt) throw new Error(`${identity.serial}: ${what} took too long`);
      await new Promise((resolve) => setTimeout(resolve, lookMs));
    }
  };
  /** Starts and stops come one after the other, also those of a guest that restarts by itself. */
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const mine = last.then(work);
    last = mine.catch(() => undefined);
    return mine;
  };
  const listen = async (): Promise<void> => {
    await until('the QMP socket', () => existsSync(`${directory}/qmp`));
    const mine = await openQmp(`${directory}/qmp`, ({ name, reason }) => {
      if (name !== 'SHUTDOWN' || reason !== 'guest-reset' || qmp !== mine) return;
      resetting = true;
      void inTurn(async () => {
        await until('its end', () => pid() === null);
        if (!resetting) return;
        resetting = false;
        await launch(targetAfterReset());
      });
    });
    qmp = mine;
  };
  const launch = async (target: BootTarget): Promise<void> => {
    if (pid() !== null) return;
    for (const left of ['pid', 'qmp']) await rm(`${directory}/${left}`, { force: true });
    const log = openSync(`${directory}/qemu.log`, 'w');
    const child = spawn('qemu-system-x86_64', qemuArguments(options, target, cdImage), {
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    child.on('error', () => undefined);
    child.unref();
    await until(`its start (${directory}/qemu.log says why)`, () => pid() !== null);
    await listen();
  };
  const end = async (): Promise<void> => {
    const running = pid();
    qmp?.close();
    qmp = null;
    if (running === null) return;
    process.kill(running, 'SIGKILL');
    await until('its end', () => pid() === null);
  };
  const stop = (): Promise<void> => {
    resetting = false;
    return inTurn(end);
  };
  if (pid() !== null) await listen();

  return {
    identity,
    isOn: () => resetting || pid() !== null,
    start: (target) => inTurn(() => launch(target)),
    stop,
    shutDown: () => {
      qmp?.execute('system_powerdown');
      return Promise.resolve();
    },
    insert: (imageUrl) => {
      cdImage = imageUrl;
    },
    onGuestReset: (target) => {
      targetAfterReset = target;
    },
    close: stop,
  };
}
