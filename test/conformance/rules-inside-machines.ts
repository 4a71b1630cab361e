/** Rules 11 to 14: what is found on and about a machine once it is there. */
import type { MachineOutputs } from '@formwork/providers';
import { expect, it } from 'vitest';
import type { Has } from './harness.ts';
import { execOverSsh } from './ssh.ts';
import { context, referenceOf, until, type World } from './world.ts';

const factNames = ['address', 'arch', 'cpus', 'diskGib', 'hostname', 'kernel', 'memoryMib', 'os', 'osRelease'];

export function insideRules(world: () => World, has: Has): void {
  it('rule 11: our key logs in, on the host key that was reported, and the hostname is the node name', async () => {
    const { harness, shared } = world();
    const request = harness.request(1);
    const machine = await shared(1);
    expect(machine.facts['hostname']).toBe(request.name);
    if (harness.privateKey === null) return;
    expect(await execOverSsh(machine, harness.privateKey, 'hostname')).toBe(request.name);
    const root = machine.user === 'root' ? 'id -u' : 'sudo -n id -u';
    expect(await execOverSsh(machine, harness.privateKey, root)).toBe('0');
  });

  if (has('machines-that-listen')) {
    it('rule 12: nodes of a deployment reach each other', async () => {
      const { harness, shared } = world();
      const { privateKey } = harness;
      if (privateKey === null) throw new Error('the harness has no machines-that-listen');
      const [first, second] = await Promise.all([shared(1), shared(2)]);
      const addressOf = ({ facts }: MachineOutputs): string => JSON.stringify(facts['address']).slice(1, -1);
      const greet = (to: string) => `timeout 10 bash -c 'exec 3<>/dev/tcp/${to}/22 && head -c 4 <&3'`;
      expect(await execOverSsh(first, privateKey, greet(addressOf(second)))).toBe('SSH-');
      expect(await execOverSsh(second, privateKey, greet(addressOf(first)))).toBe('SSH-');
    });
  }

  it('rule 13: optional capabilities are there exactly as the descriptor says', () => {
    const { harness, provider } = world();
    const { optional, scripts } = harness.descriptor;
    const present = { power: provider.power !== undefined, console: provider.console !== undefined };
    expect(present).toEqual({ power: optional.includes('power'), console: optional.includes('console') });
    expect(provider.simulate !== undefined).toBe(scripts === 'simulated');
  });

  if (has('power')) {
    it('rule 13: power goes off, on and through a cycle; key and address stay', async () => {
      const { harness, provider, shared, observe, ready } = world();
      const { power } = provider;
      if (power === undefined) throw new Error('the harness has no power');
      const request = harness.request(2);
      const machine = await shared(2);
      const node = referenceOf(request);
      const set = (state: 'on' | 'off' | 'cycle') =>
        until(
          harness.patience,
          async () => {
            const result = await power.set(node, state, context);
            if (result.state === 'failed') throw new Error(JSON.stringify(result));
            return result.state === 'done' ? true : null;
          },
          () => `power ${state}`,
        );
      /** When process 1 of the machine began: another value after every boot. */
      const boot = async (): Promise<string | null> =>
        harness.privateKey === null
          ? null
          : await execOverSsh(machine, harness.privateKey, "cut -d' ' -f22 /proc/1/stat");
      const first = await boot();
      await set('off');
      await set('off');
      expect(await observe(request)).toMatchObject({ state: 'stopped', ready: false });
      await set('on');
      const seen = await ready(request);
      expect(seen.hostKey?.publicKey).toBe(machine.hostKey);
      expect(seen.addresses[0]).toMatchObject({ host: machine.host, port: machine.port });
      expect(seen.facts).toEqual(machine.facts);
      await set('on');
      const second = await boot();
      await set('cycle');
      await ready(request);
      const third = await boot();
      if (harness.privateKey !== null) expect(new Set([first, second, third]).size).toBe(3);
    });
  }

  if (has('console')) {
    it('rule 13: the console shows the last bytes that the machine printed', async () => {
      const { harness, provider, shared } = world();
      const consoleOf = provider.console;
      if (consoleOf === undefined) throw new Error('the harness has no console');
      await shared(1);
      const node = referenceOf(harness.request(1));
      const whole = await consoleOf.tail(node, 65_536, context);
      expect(whole).toMatch(/\S/);
      const some = await consoleOf.tail(node, 10, context);
      expect(Buffer.byteLength(some)).toBeLessThanOrEqual(10);
    });
  }

  it('rule 14: facts have the same names and forms everywhere', async () => {
    const { harness, shared, observe } = world();
    const request = harness.request(1);
    const machine = await shared(1);
    const { facts } = machine;
    expect(Object.keys(facts).sort()).toEqual(factNames);
    expect(facts['address']).toMatch(/^[0-9a-f.:]+$/);
    expect(facts['arch']).toMatch(/^(amd64|arm64)$/);
    expect(facts['hostname']).toBe(request.name);
    expect(facts['kernel']).toMatch(/^\d+\.\d+\S*$/);
    expect(facts['os']).toMatch(/^[a-z]+$/);
    expect(facts['osRelease']).toMatch(/^[a-z0-9.]+$/);
    expect(facts['cpus']).toBeTypeOf('number');
    expect(facts['memoryMib']).toBeTypeOf('number');
    if (typeof request.size !== 'string' && request.size !== null && has('made-to-size')) {
      expect(facts['cpus']).toBe(request.size.cpus);
      expect(facts['memoryMib']).toBe((request.size.memoryGib ?? 0) * 1024);
      expect(facts['diskGib']).toBe(request.size.diskGib ?? null);
    }
    if (typeof request.size !== 'string' && request.size !== null && !has('made-to-size')) {
      expect(facts['cpus']).toBeGreaterThanOrEqual(request.size.cpus ?? 0);
      expect(facts['memoryMib']).toBeGreaterThanOrEqual((request.size.memoryGib ?? 0) * 1024);
      expect(facts['diskGib']).toBeTypeOf('number');
    }
    expect((await observe(request)).facts).toEqual(facts);
    if (harness.privateKey === null) return;
    const told = await execOverSsh(
      machine,
      harness.privateKey,
      '. /etc/os-release; printf "%s\\n" "$ID" "$VERSION_CODENAME" "$(dpkg --print-architecture)" "$(uname -r)"',
    );
    const expected = ['os', 'osRelease', 'arch', 'kernel'].map((name) =>
      JSON.stringify(facts[name]).replaceAll('"', ''),
    );
    expect(told.split('\n')).toEqual(expected);
  });
}
