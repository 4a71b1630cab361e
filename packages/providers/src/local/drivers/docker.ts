/**
 * Nodes as containers of a Docker engine, systemd inside. Docker keeps all state; everything is found by name and label.
 * Written after the engine's documentation and not run yet: where this was built no engine answers.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { ProviderFailure } from '../../contract.ts';
import { containerVolumes } from '../containers.ts';
import { localFailureOf } from '../errors.ts';
import { makeHostKey } from '../host-key.ts';
import type { NodeNames } from '../names.ts';
import { pinnedHostKey } from '../node-files.ts';
import { listRecords, readMark, setMark, type LocalNode } from '../node-record.ts';
import type { Site } from '../site.ts';
import { dockerImage } from './docker-image.ts';
import type { DriverView, LocalDriver } from './driver.ts';

const inspectSchema = z.array(
  z.object({
    State: z.object({ Running: z.boolean(), Status: z.string(), ExitCode: z.number() }),
    NetworkSettings: z.object({
      Networks: z.record(z.string(), z.object({ IPAddress: z.string() })),
      Ports: z.record(z.string(), z.array(z.object({ HostIp: z.string(), HostPort: z.string() })).nullable()),
    }),
  }),
);
type Inspected = z.infer<typeof inspectSchema>[number];

export async function dockerAnswers(site: Site, signal: AbortSignal): Promise<boolean> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(5000)]);
  const found = await site
    .run('docker', ['info', '--format', '{{.ServerVersion}}'], { signal: deadline })
    .catch(() => null);
  signal.throwIfAborted();
  return found !== null && found.stdout.trim() !== '';
}

export function dockerDriver(site: Site): LocalDriver {
  const network = site.names.cgroup;
  const label = `formwork.site=${site.names.tag}`;
  const closing = new AbortController();
  const builds = new Map<string, Promise<ProviderFailure | null>>();
  const docker = (signal: AbortSignal, args: readonly string[], allow: readonly number[] = []) =>
    site.run('docker', args, { signal, allow });

  const inspect = async (names: NodeNames, signal: AbortSignal): Promise<Inspected | null> => {
    const found = await docker(signal, ['container', 'inspect', names.providerId], [1]);
    return found.code === 0 ? (inspectSchema.parse(JSON.parse(found.stdout))[0] ?? null) : null;
  };

  const create = async (node: LocalNode, image: string, signal: AbortSignal): Promise<void> => {
    const { record, names, directory } = node;
    if ((await docker(signal, ['network', 'inspect', network], [1])).code !== 0) {
      await docker(signal, ['network', 'create', '--label', label, '--subnet', site.subnet.cidr, network]);
    }
    const containers = record.capabilities.includes('containers');
    await docker(signal, [
      ...['create', '--name', names.providerId, '--hostname', record.name, '--label', label],
      ...['--label', `formwork.node=${names.tag}`, '--network', network, '--ip', record.address],
      ...['--privileged', '--cgroupns=private', '--tmpfs', '/run', '--tmpfs', '/tmp', '-p', '127.0.0.1::22'],
      ...(record.cpus === null ? [] : ['--cpus', String(record.cpus)]),
      ...(record.memoryGib === null ? [] : ['--memory', `${Math.round(record.memoryGib * 1024)}m`]),
      ...(containers ? containerVolumes.flatMap(({ path }) => ['-v', path]) : []),
      image,
    ]);
    const files = join(directory, 'files');
    const pair = makeHostKey();
    const put = async (path: string, text: string, mode: number): Promise<void> => {
      await mkdir(join(files, path, '..'), { recursive: true });
      await writeFile(join(files, path), text, { mode });
    };
    await put('etc/ssh/ssh_host_ed25519_key', pair.privateKey, 0o600);
    await put('root/.ssh/authorized_keys', `${record.sshPublicKey.trim()}\n`, 0o600);
    // What is copied belongs to root; sshd takes that for a user's keys too, if the user may read them.
    await put('home/formwork/.ssh/authorized_keys', `${record.sshPublicKey.trim()}\n`, 0o644);
    await docker(signal, ['cp', `${files}/.`, `${names.providerId}:/`]);
    await writeFile(join(directory, 'host-key.pub'), `${pair.publicKey}\n`);
    await setMark(directory, 'prepared');
  };

  return {
    name: 'docker',
    async image(name, image, signal) {
      const { tag, dockerfile } = dockerImage(image);
      if ((await docker(signal, ['image', 'inspect', tag], [1])).code === 0) return { state: 'ready', rootfs: tag };
      const running = builds.get(tag);
      const building = { state: 'building', progress: `building image ${name} with Docker` } as const;
      if (running === undefined) {
        const options = { signal: closing.signal, input: dockerfile };
        const build = site.run('docker', ['build', '-q', '-t', tag, '-'], options).then(() => null, localFailureOf);
        builds.set(tag, build);
        return building;
      }
      const outcome = await Promise.race([running, Promise.resolve('building' as const)]);
      if (outcome === 'building') return building;
      builds.delete(tag);
      return outcome === null ? building : { state: 'failed', failure: outcome };
    },

    async start(node, image, signal) {
      const { names, directory } = node;
      const found = await inspect(names, signal);
      if (found !== null && (await readMark(directory, 'prepared')) === null) {
        await docker(signal, ['rm', '-f', '-v', names.providerId]); // its making was cut short
      }
      if ((await readMark(directory, 'prepared')) === null) await create(node, image, signal);
      await docker(signal, ['start', names.providerId]);
      await setMark(directory, 'started');
    },

    async look(node, signal) {
      const { names, directory } = node;
      const hostKey = await pinnedHostKey(directory);
      const found = await inspect(names, signal);
      const view = (state: DriverView['state'], message: string, startAgain = false): DriverView => ({
        state,
        message,
        startAgain,
        hostKey,
        endpoint: found === null ? null : endpointOf(found),
      });
      if (found?.State.Running === true) return view('running', 'runs');
      if ((await readMark(directory, 'power')) === 'off') return view('stopped', 'was switched off');
      if (found === null || (await readMark(directory, 'started')) === null)
        return view('creating', 'is being made', true);
      // The kernel ends PID 1 with SIGINT at a poweroff (130) and with SIGHUP at a reboot.
      const shutDown = found.State.ExitCode === 130 || found.State.ExitCode === 0;
      return shutDown ? view('stopped', 'was shut down from inside') : view('stopped', 'ended', true);
    },

    async stop(node, how, signal) {
      const { names } = node;
      await docker(signal, how === 'power' ? ['kill', names.providerId] : ['stop', '-t', '10', names.providerId], [1]);
      return (await inspect(names, signal))?.State.Running !== true;
    },

    async remove(names, _directory, signal) {
      if ((await inspect(names, signal)) !== null) await docker(signal, ['rm', '-f', '-v', names.providerId]);
    },

    async removeShared(signal) {
      if ((await listRecords(site.directories.nodes)).length > 0) return;
      await docker(signal, ['network', 'rm', network], [1]); // code 1: there is none
    },

    async owned(signal) {
      const rows = async (args: readonly string[]) =>
        (await docker(signal, args)).stdout.split('\n').filter((line) => line !== '');
      const format = ['--filter', `label=${label}`, '--format'];
      const nodes = await rows(['ps', '-a', ...format, '{{.Names}} {{.Label "formwork.node"}}']);
      const networks = await rows(['network', 'ls', ...format, '{{.Name}}']);
      return [
        ...nodes.map((line) => {
          const [id, nodeTag] = line.split(' ');
          return { kind: 'container', id: id ?? line, nodeTag: nodeTag ?? null };
        }),
        ...networks.map((id) => ({ kind: 'docker-network', id, nodeTag: null })),
      ];
    },

    async console(node, maxBytes, signal) {
      const logs = await docker(signal, ['logs', '--tail', '1000', node.names.providerId], [1]);
      return Buffer.from(logs.stdout + logs.stderr)
        .subarray(-maxBytes)
        .toString('utf8');
    },

    close() {
      closing.abort();
      return Promise.resolve();
    },
  };

  /** Docker Desktop's containers have no address the host can reach; there SSH is published on a port. */
  function endpointOf(found: Inspected): DriverView['endpoint'] {
    const published = found.NetworkSettings.Ports['22/tcp']?.[0];
    if (process.platform !== 'linux' && published !== undefined) {
      return { host: published.HostIp, port: Number(published.HostPort) };
    }
    const address = found.NetworkSettings.Networks[network]?.IPAddress ?? '';
    return address === '' ? null : { host: address, port: 22 };
  }
}
