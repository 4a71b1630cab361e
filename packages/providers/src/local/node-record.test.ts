import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { nodeNames, siteNames } from './names.ts';
import { clearMark, listRecords, readMark, readRecord, setMark, writeRecord, type NodeRecord } from './node-record.ts';

const record: NodeRecord = {
  version: 1,
  driver: 'nspawn',
  tags: { siteId: 's', deploymentId: 'd', nodeId: 'n', incarnation: 0 },
  key: 'k',
  name: 'edge-etcd-1',
  image: 'debian-12',
  cpus: null,
  memoryGib: 1,
  diskGib: null,
  capabilities: [],
  sshPublicKey: 'ssh-ed25519 AAAA',
  user: 'root',
  address: '10.77.0.11',
  mac: '02:4d:0a:4d:00:0b',
};

describe('node records', () => {
  let nodes = '';
  beforeEach(async () => {
    nodes = await mkdtemp(join(tmpdir(), 'formwork-records-'));
  });
  afterEach(() => rm(nodes, { recursive: true, force: true }));

  it('are read as they were written, and leave nothing else', async () => {
    await writeRecord(join(nodes, 'a'), record);
    await expect(readRecord(join(nodes, 'a'))).resolves.toEqual(record);
    await expect(readdir(nodes)).resolves.toEqual(['a']);
  });

  it('of a write that was cut short are no nodes', async () => {
    await writeRecord(join(nodes, 'a'), record);
    await writeRecord(join(nodes, 'b.0.new'), record);
    expect((await listRecords(nodes)).map(({ tag }) => tag)).toEqual(['a']);
  });

  it('are none where there is no directory yet', async () => {
    await expect(listRecords(join(nodes, 'none'))).resolves.toEqual([]);
    await expect(readRecord(join(nodes, 'none'))).resolves.toBeNull();
  });

  it('have marks that come and go', async () => {
    await writeRecord(join(nodes, 'a'), record);
    await setMark(join(nodes, 'a'), 'power', 'off');
    await expect(readMark(join(nodes, 'a'), 'power')).resolves.toBe('off');
    await clearMark(join(nodes, 'a'), 'power');
    await expect(readMark(join(nodes, 'a'), 'power')).resolves.toBeNull();
  });
});

describe('names', () => {
  it('fit where the kernel puts them, and differ between sites', () => {
    const [one, two] = [siteNames('site-1'), siteNames('site-2')];
    const names = nodeNames(one, 'key');
    expect(names.link.length).toBeLessThanOrEqual(15);
    expect(names.providerId.startsWith(one.prefix)).toBe(true);
    expect(nodeNames(two, 'key').link).not.toBe(names.link);
    expect(two.cgroup).not.toBe(one.cgroup);
    expect(one.bridgeMac).toMatch(/^02:46(?::[0-9a-f]{2}){4}$/);
  });
});
