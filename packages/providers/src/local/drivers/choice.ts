import { assertNever } from '@formwork/core';
import { localError, localFailures } from '../errors.ts';
import type { DriverName } from '../node-record.ts';
import type { ImageStore } from '../rootfs.ts';
import type { Site } from '../site.ts';
import { dockerAnswers, dockerDriver } from './docker.ts';
import type { LocalDriver } from './driver.ts';
import { nspawnDriver } from './nspawn.ts';
import { plainDriver } from './plain.ts';

export interface Drivers {
  /** The driver that new nodes get. Throws `no-driver` when this host can run none. */
  name(signal: AbortSignal): Promise<DriverName>;
  /** A node keeps the driver it was made with. */
  of(name: DriverName): LocalDriver;
  /** The drivers of the nodes there are, and that of new ones where there is one. */
  inUse(names: readonly DriverName[], signal: AbortSignal): Promise<readonly LocalDriver[]>;
  close(): Promise<void>;
}

export function driverChoice(site: Site, images: ImageStore): Drivers {
  const opened = new Map<DriverName, LocalDriver>();
  const make = (name: DriverName): LocalDriver => {
    switch (name) {
      case 'nspawn':
        return nspawnDriver(site, images);
      case 'plain':
        return plainDriver(site, images);
      case 'docker':
        return dockerDriver(site);
      default:
        return assertNever(name);
    }
  };
  const of = (name: DriverName): LocalDriver => {
    const driver = opened.get(name) ?? make(name);
    opened.set(name, driver);
    return driver;
  };
  const name = async (signal: AbortSignal): Promise<DriverName> => {
    const { driver } = site.configuration;
    const rootOnLinux = process.platform === 'linux' && process.getuid?.() === 0;
    if (driver === 'docker' || (driver === 'auto' && !rootOnLinux)) {
      if (await dockerAnswers(site, signal)) return 'docker';
      const why = 'No Docker engine answers, and machine containers need root on Linux.';
      throw localError(localFailures.noDriver(`${why} Start Docker or run as root.`));
    }
    if (!rootOnLinux) throw localError(localFailures.noDriver(`Driver ${driver} needs root on Linux.`));
    return driver === 'auto' ? 'nspawn' : driver;
  };
  return {
    name,
    of,
    async inUse(names, signal) {
      const own = await name(signal).catch(() => null);
      return [...new Set([...names, ...(own === null ? [] : [own])])].map(of);
    },
    async close() {
      await Promise.all([...opened.values()].map((driver) => driver.close()));
    },
  };
}
