/** Real machines on this host, and what only the `local` provider promises; the contract's rules are in test/conformance. */
import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { MachineOutputs, NodeRequest } from '@formwork/providers';
import { callContext, host, openLocalSite, until, type LocalSite } from './local-site.ts';

const images = {
  'debian-12': { suite: 'bookworm', packages: ['etcd-server', 'etcd-client'] },
  containers: { suite: 'bookworm', packages: ['containerd', 'runc', 'busybox-static'] },
};

const bootIdOf = 'cat /proc/sys/kernel/random/boot_id';
const hostSetting = (name: string): Promise<string> => readFile(`/proc/sys/${name}`, 'utf8');

describe('a machine on this host', () => {
  let site: LocalSite;
  let request: NodeRequest;
  let machine: MachineOutputs;
  const reference = () => ({ tags: request.tags, key: request.key, name: request.name, providerId: null });
  const observed = () => site.provider.observeNode(reference(), callContext());

  /** Waits for another boot than `before`, looking as the engine does: what looks is also what starts again. */
  const rebooted = async (before: string): Promise<string> => {
    await until(
      async () => (await observed()).ready && (await site.ssh(machine, bootIdOf).catch(() => before)),
      (id) => id !== false && id !== before,
    );
    return await site.ssh(machine, bootIdOf);
  };

  beforeAll(async () => {
    site = await openLocalSite({ siteId: `e2e-local-${process.pid}`, bridge: 'fwe2e0', network: '10.78.0', images });
    request = site.request('e2e-node-1');
    machine = await site.create(request);
  });
  afterAll(async () => {
    await site.destroy(request);
    expect(await site.leftovers()).toEqual([]);
    await site.close();
  });

  it('is a whole Debian with systemd, under its name, with no service of the image running', async () => {
    expect(await site.ssh(machine, 'hostname; cat /etc/debian_version; systemctl is-system-running --wait')).toMatch(
      /^e2e-node-1\n12\.\d+\nrunning$/,
    );
    expect(await site.ssh(machine, 'command -v etcd; systemctl is-active etcd || true')).toBe(
      '/usr/bin/etcd\ninactive',
    );
  });

  it('lets a second user in that has sudo without a password', async () => {
    const user = { ...machine, user: 'formwork' };
    expect(await site.ssh(user, 'id -un; sudo -n id -un')).toBe('formwork\nroot');
  });

  it('is the same one for a worker that starts anew', async () => {
    const before = await site.ssh(machine, bootIdOf);
    await site.restart();
    expect(await site.create(request)).toEqual(machine);
    expect(await site.ssh(machine, bootIdOf)).toBe(before);
  });

  it('keeps settings of the kernel that all share to itself', async () => {
    const names = ['vm/max_map_count', 'kernel/panic', 'vm/overcommit_memory', 'fs/inotify/max_user_watches'];
    const before = await Promise.all(names.map(hostSetting));
    await site.ssh(
      machine,
      'sysctl -qw vm.max_map_count=77777 kernel.panic=33 vm.overcommit_memory=2 fs.inotify.max_user_watches=9999',
    );
    expect(await site.ssh(machine, 'sysctl -n vm.max_map_count kernel.panic')).toBe('77777\n33');
    expect(await Promise.all(names.map(hostSetting))).toEqual(before);
    await expect(site.ssh(machine, 'echo b >/proc/sysrq-trigger')).rejects.toThrow();
    await expect(site.ssh(machine, 'date -s 2001-01-01')).rejects.toThrow();
    // Settings of the network are per machine, and really set.
    expect(
      await site.ssh(
        machine,
        'sysctl -qw net.ipv4.ip_local_port_range="20000 30000"; sysctl --system >/dev/null && echo ok',
      ),
    ).toBe('ok');
  });

  it('comes back after a reboot inside, with what it had on disk', async () => {
    const before = await site.ssh(machine, `echo kept >/root/kept; ${bootIdOf}`);
    await site.ssh(machine, 'systemctl reboot').catch(() => undefined);
    expect(await rebooted(before)).not.toBe(before);
    expect(await site.ssh(machine, 'cat /root/kept')).toBe('kept');
  });

  it('stays off after a poweroff inside until it is switched on', async () => {
    await site.ssh(machine, 'systemctl poweroff').catch(() => undefined);
    await until(observed, ({ state }) => state === 'stopped');
    await expect(site.provider.ensureNode(request, callContext())).resolves.toMatchObject({ state: 'done' });
    expect((await observed()).state).toBe('stopped');
    await until(
      async () => site.provider.power?.set(reference(), 'on', callContext()),
      (on) => on?.state === 'done',
    );
    await until(observed, ({ ready }) => ready);
    expect(await site.ssh(machine, 'cat /root/kept')).toBe('kept');
  });

  it('runs on when its supervisor is killed, and still comes back after a reboot', async () => {
    const before = await site.ssh(machine, bootIdOf);
    expect((await observed()).message).toBe('e2e-node-1 runs; SSH answers');
    const supervisors = await site.processes(machine.providerId, 'node/supervisor');
    expect(supervisors.length).toBeGreaterThan(0);
    for (const pid of supervisors) process.kill(pid, 'SIGKILL');
    await until(
      () => site.processes(machine.providerId, 'node/supervisor'),
      (left) => left.length === 0,
    );
    expect((await observed()).message).toContain('its supervisor was killed');
    expect(await site.create(request)).toEqual(machine);
    expect(await site.ssh(machine, bootIdOf)).toBe(before);
    await site.ssh(machine, 'systemctl reboot').catch(() => undefined);
    expect(await rebooted(before)).not.toBe(before);
  });

  it('shows its console', async () => {
    const text = await site.provider.console?.tail(reference(), 2000, callContext());
    expect(text?.length).toBeGreaterThan(0);
  });

  it('installs packages through the cache of the host, and without it when nobody serves', async () => {
    const proxy = '/usr/lib/formwork/apt-proxy http://deb.debian.org/debian';
    expect(await site.ssh(machine, proxy)).toBe(`http://${site.gateway}:3142`);
    await site.ssh(machine, 'apt-get -qq update && apt-get -qq install -y tree >/dev/null && tree --version');
    const refused = await site.ssh(
      machine,
      `curl -s -o /dev/null -w '%{http_code}' -x http://${site.gateway}:3142 http://example.com/`,
    );
    expect(refused).toBe('403');
    await site.provider.close();
    expect(await site.ssh(machine, proxy)).toBe('DIRECT');
    await site.ssh(machine, 'apt-get -qq install -y jq >/dev/null && jq --version');
    await site.restart();
  });
});

describe('a machine asked for with more', () => {
  let site: LocalSite;
  let made: NodeRequest[] = [];
  const create = (request: NodeRequest): Promise<MachineOutputs> => {
    made.push(request);
    return site.create(request);
  };

  beforeAll(async () => {
    site = await openLocalSite({ siteId: `e2e-more-${process.pid}`, bridge: 'fwe2e1', network: '10.78.1', images });
  });
  afterEach(async () => {
    for (const request of made) await site.destroy(request);
    made = [];
    expect(await site.leftovers()).toEqual([]);
  });
  afterAll(() => site.close());

  it('has a disk of the size it was given, and limits', async () => {
    const machine = await create(site.request('e2e-disk-1', { size: { diskGib: 1, memoryGib: 0.5, cpus: 1 } }));
    expect(machine.facts).toMatchObject({ cpus: 1, memoryMib: 512, diskGib: 1 });
    const kib = Number(await site.ssh(machine, "df -k / | awk 'NR == 2 {print $2}'"));
    expect(kib).toBeGreaterThan(900 * 1024);
    expect(kib).toBeLessThanOrEqual(1024 * 1024);
    await expect(site.ssh(machine, 'dd if=/dev/zero of=/big bs=1M count=1100 2>&1')).rejects.toThrow(/No space left/);
    await site.ssh(machine, 'rm /big');
    // What needs more memory than the limit is killed; the machine is not.
    await expect(site.ssh(machine, 'head -c 700M /dev/zero | tail >/dev/null')).rejects.toThrow();
    expect(await site.ssh(machine, 'echo alive')).toBe('alive');
  });

  it('runs containers', async () => {
    const machine = await create(site.request('e2e-box-1', { image: 'containers', capabilities: ['containers'] }));
    const before = await hostSetting('kernel/panic');
    expect(await site.ssh(machine, 'modprobe overlay && modprobe br_netfilter && echo loaded')).toBe('loaded');
    expect(await site.ssh(machine, 'awk \'$2 == "/var/lib/containerd" {print $3}\' /proc/mounts')).not.toBe('overlay');
    // A docker-archive by hand: one layer with a static busybox.
    await site.ssh(
      machine,
      `set -e
       systemctl start containerd
       mkdir -p /tmp/image/layer/bin && cd /tmp/image && cp /bin/busybox layer/bin/ && ln -s busybox layer/bin/sh
       tar -C layer -cf layer.tar bin && digest=$(sha256sum layer.tar | cut -d' ' -f1)
       echo '{"architecture":"amd64","os":"linux","config":{"Cmd":["/bin/sh"]},"rootfs":{"type":"layers","diff_ids":["sha256:'$digest'"]}}' >config.json
       echo '[{"Config":"config.json","RepoTags":["local/box:1"],"Layers":["layer.tar"]}]' >manifest.json
       tar -cf image.tar config.json manifest.json layer.tar
       ctr image import image.tar >/dev/null`,
    );
    const ran =
      'ctr run --rm --memory-limit 67108864 docker.io/local/box:1 one /bin/sh -c "echo in a container; busybox id -u"';
    expect(await site.ssh(machine, ran)).toBe('in a container\n0');
    await site.ssh(machine, 'sysctl -qw kernel.panic=10 vm.panic_on_oom=0');
    expect(await hostSetting('kernel/panic')).toBe(before);
  });

  it('leaves nothing when it is destroyed in the middle of being made, or half removed', async () => {
    const one = await create(site.request('e2e-half-1', { size: { diskGib: 1 } }));
    // As after a worker that died in the middle of removing: processes and network gone, the rest still there.
    const [, siteTag, nodeTag] = one.providerId.split('-');
    for (const part of ['watch', 'node/supervisor', 'node/payload/init.scope']) {
      for (const pid of await site.processes(one.providerId, part)) process.kill(pid, 'SIGKILL');
    }
    await host('ip', 'netns', 'del', one.providerId);
    const owned = await site.provider.listOwned({ deploymentId: 'deployment-1' }, callContext());
    expect(new Set(owned.map(({ kind }) => kind))).toEqual(new Set(['node', 'cgroup', 'mount', 'loop-device']));
    expect(owned.find(({ kind }) => kind === 'cgroup')?.id).toBe(`formwork-${siteTag ?? ''}/${nodeTag ?? ''}`);
    const [request] = made;
    if (request !== undefined) await site.destroy(request);
    expect(await site.provider.listOwned({ deploymentId: null }, callContext())).toEqual([]);
    expect(await site.leftovers()).toEqual([]);
  });

  it('is made beside others at once, all on one image, each with an address of its own', async () => {
    const requests = [1, 2, 3].map((ordinal) => site.request(`e2e-many-${ordinal}`));
    const machines = await Promise.all(requests.map(create));
    expect(new Set(machines.map((machine) => machine.host)).size).toBe(3);
    expect(new Set(machines.map((machine) => machine.hostKey)).size).toBe(3);
    const [one, two] = machines;
    if (one !== undefined && two !== undefined) await site.ssh(one, `ping -c 1 -W 5 ${two.host}`);
  });

  it('is refused when the bridge belongs to somebody else', async () => {
    await host('ip', 'link', 'add', 'name', site.bridge, 'type', 'bridge');
    try {
      const { ok, problems } = await site.provider.check(callContext());
      expect({ ok, paths: problems.map(({ path }) => path) }).toEqual({ ok: false, paths: ['$.bridge'] });
      const request = site.request('e2e-taken-1');
      made.push(request);
      await expect(create(request)).rejects.toThrow(/bridge-taken/);
    } finally {
      await host('ip', 'link', 'del', site.bridge);
    }
  });
});

describe('a machine without systemd, beside another site', () => {
  it('answers SSH, keeps to itself, and goes without touching the other', async () => {
    const options = { siteId: `e2e-plain-${process.pid}`, bridge: 'fwe2e2', network: '10.78.2', images };
    const plain = await openLocalSite({ ...options, driver: 'plain' });
    const other = await openLocalSite({
      siteId: `e2e-other-${process.pid}`,
      bridge: 'fwe2e3',
      network: '10.78.3',
      images,
    });
    // The same key at two sites: names on the host must differ all the same.
    const [request, neighbour] = [plain.request('e2e-same-1'), other.request('e2e-same-1')];
    try {
      const [machine, second] = await Promise.all([plain.create(request), other.create(neighbour)]);
      expect(await plain.ssh(machine, 'hostname; cat /proc/1/comm')).toBe('e2e-same-1\nsshd');
      const before = await hostSetting('vm/max_map_count');
      await plain.ssh(machine, 'sysctl -qw vm.max_map_count=77777');
      expect(await hostSetting('vm/max_map_count')).toBe(before);
      const reference = { tags: request.tags, key: request.key, name: request.name, providerId: null };
      await until(
        async () => plain.provider.power?.set(reference, 'cycle', callContext()),
        (cycled) => cycled?.state === 'done',
      );
      expect(await plain.create(request)).toEqual(machine);
      await plain.destroy(request);
      expect(await plain.leftovers()).toEqual([]);
      expect(await other.ssh(second, 'systemctl is-system-running --wait')).toBe('running');
    } finally {
      await plain.destroy(request);
      await other.destroy(neighbour);
    }
    expect(await other.leftovers()).toEqual([]);
    await plain.close();
    await other.close();
  });
});
