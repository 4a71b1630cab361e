import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { MachineOutputs } from '@formwork/providers';
import type { LocalSite } from '../../e2e/local-site.ts';
import type { CpuGroup } from '../support/cpu-group.ts';
import { say } from '../support/report.ts';
import { measured, type Round } from './measured.ts';
import { cgroupOf, mottos, shape } from './site.ts';

const playbook = path.join(import.meta.dirname, 'playbook');
const digest = readFileSync(path.join(import.meta.dirname, 'pack/roles/bench-digest/apply.sh'), 'utf8');

/** The same three runs by ansible-playbook, on ten fresh machines made by the same provider. */
export async function ansibleRound(
  group: CpuGroup,
  site: { readonly id: string; readonly machines: LocalSite },
  folder: string,
  round: number,
): Promise<Round> {
  const requests = Array.from({ length: shape.nodes }, (_, index) =>
    site.machines.request(`ansible-${String(round)}-${String(index + 1)}`, {
      image: 'bench-debian-12',
      size: { cpus: 1, memoryGib: 1 },
    }),
  );
  const machines = await Promise.all(requests.map((request) => site.machines.create(request)));
  say('  the machines of Ansible are there');
  writeInventory(folder, machines, site.machines.privateKey);
  const run = async (motto: string) => {
    await sleep(2000);
    const cost = await measured(group, cgroupOf(site.id), () => play(group, folder, motto), changedTasks);
    say(
      `  ansible: ${cost.wallSeconds.toFixed(2)} s, CPU ${cost.cpuSeconds.toFixed(2)} s, nodes' CPU ${cost.nodesCpuSeconds.toFixed(2)} s, ${String(cost.done)} tasks changed something`,
    );
    return cost;
  };
  const first = await run(mottos.before);
  const unchanged = await run(mottos.before);
  const changed = await run(mottos.after);
  const effects = await Promise.all(machines.map((machine) => site.machines.ssh(machine, digest)));
  // The connections that ControlPersist keeps.
  group.end();
  await Promise.all(requests.map((request) => site.machines.destroy(request)));
  return { runs: { first, unchanged, changed }, effects };
}

function writeInventory(folder: string, machines: readonly MachineOutputs[], privateKey: string): void {
  const key = path.join(folder, 'key');
  const known = path.join(folder, 'known_hosts');
  writeFileSync(key, privateKey, { mode: 0o600 });
  writeFileSync(known, machines.map(({ host, hostKey }) => `${host} ${hostKey}\n`).join(''));
  const common = `ansible_ssh_private_key_file=${key} ansible_ssh_common_args='-o UserKnownHostsFile=${known} -o IdentitiesOnly=yes'`;
  const lines = machines.map(
    ({ host, port, user }) => `${host} ansible_port=${String(port)} ansible_user=${user} ${common}\n`,
  );
  writeFileSync(path.join(folder, 'inventory.ini'), lines.join(''));
}

/** Answers what it printed; throws when a task failed. */
async function play(group: CpuGroup, folder: string, motto: string): Promise<string> {
  const variables = JSON.stringify({ motto });
  const [command = '', ...args]: readonly string[] = [
    ...group.prefix,
    ...['ansible-playbook', '-i', path.join(folder, 'inventory.ini'), '-e', variables],
    path.join(playbook, 'site.yml'),
  ];
  const { stdout } = await promisify(execFile)(command, args, {
    cwd: playbook,
    env: {
      PATH: process.env['PATH'] ?? '',
      LANG: 'C.UTF-8',
      HOME: folder,
      ANSIBLE_CONFIG: path.join(playbook, 'ansible.cfg'),
      ANSIBLE_HOME: path.join(folder, 'home'),
      ANSIBLE_SSH_CONTROL_PATH_DIR: path.join(folder, 'cp'),
    },
    timeout: 600_000,
    maxBuffer: 16 * 2 ** 20,
  });
  return stdout;
}

/** Sum of `changed=` over the hosts of the recap. */
function changedTasks(printed: string): number {
  const counts = [...printed.matchAll(/ok=(\d+)\s+changed=(\d+)\s+unreachable=0\s+failed=0/g)];
  if (counts.length !== shape.nodes || counts.some(([, ok]) => Number(ok) !== shape.steps)) throw new Error(printed);
  return counts.reduce((sum, [, , changed]) => sum + Number(changed), 0);
}
