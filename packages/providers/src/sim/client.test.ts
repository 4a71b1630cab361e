import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addressesFor, keyHashOf, openPark } from './client.ts';
import { readSimLedger } from './ledger.ts';
import { type NewMachine, providerIdOf } from './machine.ts';
import type { Park } from './park.ts';

const machineOf = (number: number): NewMachine => ({
  key: `key-${number}`,
  providerId: providerIdOf(keyHashOf(`key-${number}`)),
  tags: { siteId: 's', deploymentId: 'd', nodeId: `node-${number}`, incarnation: 1 },
  name: `edge-etcd-${number}`,
  image: 'debian-12',
  arch: 'amd64',
  cpus: 1,
  memoryMib: 1024,
  diskGib: null,
  os: 'debian',
  osRelease: 'bookworm',
  zone: 'sim-a',
  capabilities: [],
  sshPublicKey: 'ssh-ed25519 AAAA',
  firstBootedAtMs: 0,
  bootedAtMs: 0,
  boots: 1,
  power: 'on',
  destroyAtMs: null,
  hidden: false,
});
const addTo = (park: Park, number: number) =>
  park.add(machineOf(number), keyHashOf(`key-${number}`), addressesFor(1, `edge-etcd-${number}`));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sim-park-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('both kinds of park', () => {
  it('agree on every history of adding, changing and removing', () => {
    const step = fc.record({
      what: fc.constantFrom('add', 'off', 'remove', 'count'),
      number: fc.integer({ min: 1, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (history) => {
        const own = mkdtempSync(join(directory, 'run-'));
        const disk = openPark('disk', own);
        const other = openPark('disk', own);
        const memory = openPark('memory', own);
        for (const { what, number } of history) {
          const results = [disk, memory].map((park) => {
            const hash = keyHashOf(`key-${number}`);
            const machine = park.find(hash);
            if (what === 'add') return addTo(park, number).made;
            if (what === 'count') return park.count(0);
            if (machine === null) return null;
            if (what === 'off') park.replace({ ...machine, power: 'off' }, hash);
            else park.remove(machine, hash);
            return park.find(hash);
          });
          expect(results[0]).toEqual(results[1]);
          expect(other.find(keyHashOf(`key-${number}`))).toEqual(memory.find(keyHashOf(`key-${number}`)));
          expect(other.findByNodeId(`node-${number}`)).toEqual(memory.findByNodeId(`node-${number}`));
        }
        const names = (park: Park) =>
          park
            .all()
            .map(({ name, address }) => `${name} ${address}`)
            .sort();
        expect(names(disk)).toEqual(names(memory));
        expect(readdirSync(own).includes('addresses') ? readdirSync(join(own, 'addresses')).length : 0).toBe(
          memory.all().length,
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('a park on disk', () => {
  it('keeps one machine a key and one owner an address when several processes add at once', async () => {
    const script = `
      import { addressesFor, keyHashOf, openPark } from ${JSON.stringify(join(import.meta.dirname, 'client.ts'))};
      const park = openPark('disk', process.argv[1]);
      const template = JSON.parse(process.argv[2]);
      let made = 0;
      for (let number = 0; number < 150; number += 1) {
        const key = 'key-' + number;
        const machine = { ...template, key, name: 'edge-' + (number % 5), tags: { ...template.tags, nodeId: key } };
        if (park.add(machine, keyHashOf(key), addressesFor(1, machine.name)).made) made += 1;
        park.bump('calls');
      }
      park.record({ event: 'call', atMs: 1, processId: process.pid, nodeId: 'n', role: 'r', action: 'run', attempt: 1, startedAtMs: 1, untilMs: 2, outcome: null });
      console.log(made);
    `;
    const args = ['--conditions=formwork-source', '--import', 'tsx', '--input-type=module', '-e', script];
    const runs = await Promise.all(
      [1, 2, 3].map(() => promisify(execFile)(process.execPath, [...args, directory, JSON.stringify(machineOf(0))])),
    );
    const made = runs.reduce((sum, { stdout }) => sum + Number(stdout), 0);
    const park = openPark('disk', directory);
    expect(made).toBe(150);
    expect(park.all()).toHaveLength(150);
    expect(new Set(park.all().map(({ address }) => address)).size).toBe(150);
    expect(readdirSync(join(directory, 'addresses'))).toHaveLength(150);
    expect(park.bump('calls')).toBe(451);
    expect(readSimLedger(directory)).toMatchObject([{ starts: 1, calls: 3 }]);
    park.close();
  });

  it('finds a node that another process made after this one looked', () => {
    const here = openPark('disk', directory);
    const there = openPark('disk', directory);
    expect(here.findByNodeId('node-1')).toBeNull();
    addTo(there, 1);
    expect(here.findByNodeId('node-1')?.name).toBe('edge-etcd-1');
  });

  it('makes nothing before something is added', () => {
    const park = openPark('disk', join(directory, 'site'));
    expect(park.all()).toEqual([]);
    expect(park.find(keyHashOf('key-1'))).toBeNull();
    expect(readdirSync(directory)).toEqual([]);
    expect(readSimLedger(join(directory, 'site'))).toEqual([]);
  });
});
