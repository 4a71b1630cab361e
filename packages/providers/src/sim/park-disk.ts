/**
 * ```
 * <directory>/machines/<key hash>.json   one machine; made by link(2), changed by rename(2): never half a file
 *             addresses/<address>        another name of the file as it was made: an address is held by one machine, and
 *                                        a second name costs a thirtieth of a second file
 *             counters/<hash>            as many bytes as were counted
 *             ledger/<process>.log       one JSON line an event, appended in one write(2)
 * ```
 * A cached machine is believed while its file has the same inode and time, and was older than the coarsest tick of a file
 * system's clock when it was read (two changes within one tick look alike). Nothing is synced: a park need not outlive
 * its host.
 */
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { join } from 'node:path';
import type { Park } from './park.ts';
import { createLedgerWriter, readLedgerLines } from './ledger.ts';
import { type Machine, machineSchema } from './machine.ts';
import { newest } from './park-memory.ts';

interface Cached {
  readonly machine: Machine;
  readonly inode: bigint;
  readonly changedNs: bigint;
  readonly settled: boolean;
}

const tickMs = 20;
const countIsGoodForMs = 1000;
const fileName = /^([0-9a-f]{32})\.json$/;

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;

/** Runs the call; answers false when it fails with this error code. */
function unless(code: string, call: () => void): boolean {
  try {
    call();
    return true;
  } catch (error) {
    if (hasCode(error, code)) return false;
    throw error;
  }
}

export function openDiskPark(directory: string): Park {
  const machinesPath = join(directory, 'machines');
  const addressesPath = join(directory, 'addresses');
  const countersPath = join(directory, 'counters');
  const ledgerPath = join(directory, 'ledger');
  const ledger = createLedgerWriter(ledgerPath);
  const cache = new Map<string, Cached>();
  /** Key hashes by node id, of everything ever read: never shrinks below what is there. */
  const byNode = new Map<string, Set<string>>();
  const temporaryName = join(machinesPath, `.${process.pid}-${randomBytes(4).toString('hex')}`);
  let counted = { machines: 0, atMs: Number.NEGATIVE_INFINITY };
  let prepared = false;

  const prepare = (): void => {
    if (prepared) return;
    for (const path of [machinesPath, addressesPath, countersPath])
      fs.mkdirSync(path, { recursive: true, mode: 0o700 });
    prepared = true;
  };
  const pathOf = (keyHash: string): string => join(machinesPath, `${keyHash}.json`);
  const hashes = (): readonly string[] => {
    const found: string[] = [];
    unless('ENOENT', () => {
      for (const name of fs.readdirSync(machinesPath)) {
        const hash = fileName.exec(name)?.[1];
        if (hash !== undefined) found.push(hash);
      }
    });
    counted = { machines: found.length, atMs: Date.now() };
    return found;
  };
  const find = (keyHash: string): Machine | null => {
    const path = pathOf(keyHash);
    const stat = fs.statSync(path, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) {
      const gone = cache.get(keyHash);
      if (gone !== undefined) byNode.get(gone.machine.tags.nodeId)?.delete(keyHash);
      cache.delete(keyHash);
      return null;
    }
    const cached = cache.get(keyHash);
    if (cached?.settled === true && cached.inode === stat.ino && cached.changedNs === stat.mtimeNs) {
      return cached.machine;
    }
    let text = '';
    if (!unless('ENOENT', () => (text = fs.readFileSync(path, 'utf8')))) return null;
    const machine = machineSchema.parse(JSON.parse(text));
    const settled = Date.now() - Number(stat.mtimeMs) > tickMs;
    cache.set(keyHash, { machine, inode: stat.ino, changedNs: stat.mtimeNs, settled });
    byNode.set(machine.tags.nodeId, (byNode.get(machine.tags.nodeId) ?? new Set()).add(keyHash));
    return machine;
  };
  const known = (nodeId: string): Machine | null =>
    newest([...(byNode.get(nodeId) ?? [])].flatMap((h) => find(h) ?? []));
  /** The key of the machine that holds the address, or null. It may be our own, from a call that was cut short. */
  const holderOf = (address: string): string | null => {
    let text = '';
    if (!unless('ENOENT', () => (text = fs.readFileSync(join(addressesPath, address), 'utf8')))) return null;
    return machineSchema.parse(JSON.parse(text)).key;
  };
  const release = (address: string): boolean => unless('ENOENT', () => fs.unlinkSync(join(addressesPath, address)));
  /** Writes the text to a file of its own first; one name does, since no two calls of a process are at it at once. */
  const written = (machine: Machine): string => {
    fs.writeFileSync(temporaryName, JSON.stringify(machine), { mode: 0o600 });
    return temporaryName;
  };

  return {
    find,
    findByNodeId: (nodeId) => {
      const machine = known(nodeId);
      if (machine !== null) return machine;
      for (const hash of hashes()) if (!cache.has(hash)) find(hash);
      return known(nodeId);
    },
    add: (machine, keyHash, candidates) => {
      prepare();
      for (const address of candidates) {
        if ((holderOf(address) ?? machine.key) !== machine.key) continue;
        const made = { ...machine, address };
        const temporary = written(made);
        try {
          const taken = !unless('EEXIST', () => fs.linkSync(temporary, join(addressesPath, address)));
          if (taken && holderOf(address) !== machine.key) continue;
          if (unless('EEXIST', () => fs.linkSync(temporary, pathOf(keyHash)))) {
            counted = { ...counted, machines: counted.machines + 1 };
            return { machine: made, made: true };
          }
        } finally {
          fs.unlinkSync(temporary);
        }
        const existing = find(keyHash);
        if (existing !== null && existing.address !== address) release(address);
        return { machine: existing ?? made, made: false };
      }
      throw new RangeError('every address is taken');
    },
    replace: (machine, keyHash) => {
      if (find(keyHash) !== null) fs.renameSync(written(machine), pathOf(keyHash));
    },
    remove: (machine, keyHash) => {
      if (unless('ENOENT', () => fs.unlinkSync(pathOf(keyHash))))
        counted = { ...counted, machines: counted.machines - 1 };
      release(machine.address);
      find(keyHash);
    },
    all: () => hashes().flatMap((hash) => find(hash) ?? []),
    count: (limit) => {
      const age = Date.now() - counted.atMs;
      return age > countIsGoodForMs || counted.machines >= limit ? hashes().length : counted.machines;
    },
    bump: (counter) => {
      prepare();
      const name = createHash('sha256').update(counter).digest('hex').slice(0, 32);
      const file = fs.openSync(join(countersPath, name), 'a', 0o600);
      try {
        fs.writeSync(file, '.');
        return fs.fstatSync(file).size;
      } finally {
        fs.closeSync(file);
      }
    },
    record: ledger.append,
    ledgerLines: () => readLedgerLines(ledgerPath),
    close: ledger.close,
  };
}
