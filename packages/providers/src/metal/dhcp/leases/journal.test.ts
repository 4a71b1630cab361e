import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { networkOf } from '../testing/lab-network.ts';
import { ip } from '../testing/packets.ts';
import { lockDirectory } from './directory-lock.ts';
import { openJournalDirectory } from './journal-directory.ts';
import type { Lease } from './lease.ts';
import { type LeaseStore, openLeaseStore } from './lease-store.ts';
import { mostRecordBytes, readRecords, writeRecord } from './record.ts';
import { createPowerCutDisk } from './testing/power-cut-disk.ts';

const network = networkOf({});
const directories: string[] = [];
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});
async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'dhcp-journal-'));
  directories.push(directory);
  return directory;
}
async function openIn(
  directory: string,
  onCommitted: (batch: readonly Lease[]) => void = () => undefined,
): Promise<LeaseStore> {
  const disk = await openJournalDirectory(directory);
  return await openLeaseStore({
    disk,
    network,
    gatherMs: 2,
    onCommitted,
    onFailure: (error) => expect(error).toBeNull(),
  });
}
const grant = (store: LeaseStore, last: number, untilMs = 9_000): Promise<void> =>
  new Promise((resolve) => {
    const address = ip(`10.77.0.${last}`);
    store.apply({ kind: 'grant', address, client: `5254000000${last}`, untilMs, hostname: `n${last}` }, 1, () =>
      resolve(),
    );
  });
const lease = (sequence: number, more: Partial<Lease> = {}): Lease => ({
  address: ip('10.77.0.100'),
  client: '525400000001',
  state: 'active',
  untilMs: 1_763_000_000_000,
  hostname: 'node-1',
  sequence,
  ...more,
});
const encode = (leases: readonly Lease[]): Buffer => {
  const bytes = Buffer.alloc(leases.length * mostRecordBytes);
  return bytes.subarray(
    0,
    leases.reduce((at, each) => writeRecord(each, bytes, at), 0),
  );
};

describe('records', () => {
  const any: fc.Arbitrary<Lease> = fc.record({
    address: fc.nat(0xffffffff),
    client: fc.stringMatching(/^[0-9a-f-]{1,80}$/),
    state: fc.constantFrom('active', 'released', 'quarantined'),
    untilMs: fc.nat(2 ** 47),
    hostname: fc.stringMatching(/^[a-z0-9.-]{0,253}$/),
    sequence: fc.nat(2 ** 47),
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(fc.array(any, { maxLength: 20 }), (leases) => {
        expect(readRecords(encode(leases), 0)).toEqual({ leases, damagedBytes: 0, tornBytes: 0 });
      }),
    );
  });

  it('a torn end is left out, damage before good records is told, and neither hides the rest', () => {
    const bytes = encode([lease(1), lease(2), lease(3)]);
    const size = bytes.length / 3;
    const torn = readRecords(bytes.subarray(0, bytes.length - 5), 0);
    expect([torn.leases.map(({ sequence }) => sequence), torn.damagedBytes, torn.tornBytes > 0]).toEqual([
      [1, 2],
      0,
      true,
    ]);
    bytes.fill(0xff, size + 8, size + 20);
    const damaged = readRecords(bytes, 0);
    expect([damaged.leases.map(({ sequence }) => sequence), damaged.tornBytes]).toEqual([[1, 3], 0]);
    expect(damaged.damagedBytes).toBeGreaterThan(0);
  });

  it('never throw, whatever is on the disk', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(300)), (rubbish, marks) => {
        const bytes = Buffer.from(rubbish);
        for (const at of marks) if (at < bytes.length) bytes[at] = 0xd5;
        expect(readRecords(bytes, 0).leases).toEqual([]);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('a journal directory', () => {
  it('keeps what was acknowledged, without being closed', async () => {
    const directory = await temporary();
    const committed: number[] = [];
    const store = await openIn(directory, (batch) => committed.push(...batch.map(({ sequence }) => sequence)));
    await Promise.all([100, 101, 102].map((last) => grant(store, last)));
    expect(committed).toEqual([1, 2, 3]);
    const again = await openIn(directory);
    closers.push(() => again.close());
    expect(again.replayed).toMatchObject({ leases: 3, damagedBytes: 0, tornBytes: 0 });
    expect(again.view.leaseAt(ip('10.77.0.101'))).toMatchObject({
      client: '5254000000101',
      hostname: 'n101',
      sequence: 2,
    });
    await grant(again, 103);
    expect(again.since(2).map(({ sequence }) => sequence)).toEqual([3, 4]);
    await store.close();
  });

  it('is compacted while it is written, and loses nothing', async () => {
    const directory = await temporary();
    const store = await openIn(directory);
    for (let round = 1; round <= 20; round += 1) {
      const compacted = store.compact();
      await Promise.all([100, 101, 102, 103].map((last) => grant(store, last, round * 1000)));
      await compacted;
    }
    await store.close();
    const again = await openIn(directory);
    closers.push(() => again.close());
    const states = again.since(0).map(({ address, untilMs }) => [address & 255, untilMs]);
    expect(states.sort()).toEqual([100, 101, 102, 103].map((last) => [last, 20_000]));
  });

  it('refuses a file that is no journal of ours', async () => {
    const directory = await temporary();
    await writeFile(join(directory, 'leases.journal'), 'something of great value');
    await expect(openIn(directory)).rejects.toThrow(/no lease journal/);
    expect(await readFile(join(directory, 'leases.journal'), 'utf8')).toBe('something of great value');
  });

  it('has one server, and a dead one leaves nothing behind', async () => {
    const directory = await temporary();
    const lock = await lockDirectory(directory);
    expect(await lockDirectory(directory)).toBeNull();
    await lock?.release();
    const next = await lockDirectory(directory);
    expect(next).not.toBeNull();
    await next?.release();
  });
});

describe('a disk that fails', () => {
  it('acknowledges nothing, and goes on with a whole new journal when it works again', async () => {
    const disk = createPowerCutDisk();
    const failures: unknown[] = [];
    const options = {
      network,
      gatherMs: 0,
      onCommitted: () => undefined,
      onFailure: (error: unknown) => failures.push(error),
    };
    const store = await openLeaseStore({ ...options, disk });
    closers.push(() => store.close());
    await grant(store, 100);
    disk.allow('fail');
    let heard = false;
    void grant(store, 101).then(() => (heard = true));
    await expect.poll(() => store.failed()).toBe(true);
    expect([heard, failures.length]).toEqual([false, 1]);
    disk.allow('all');
    await expect.poll(() => store.failed(), { timeout: 10_000 }).toBe(false);
    await grant(store, 102);
    expect(heard).toBe(false);
    const again = await openLeaseStore({ ...options, disk: disk.cut(() => 0) });
    closers.push(() => again.close());
    expect(again.since(0).map(({ address }) => address & 255)).toEqual([100, 101, 102]);
  });
});
