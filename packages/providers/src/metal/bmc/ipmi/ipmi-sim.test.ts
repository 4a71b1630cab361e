import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../../../../../../test/support/free-port.ts';
import { until } from '../../../../../../test/support/until.ts';
import { failureOf } from '../../../provider-error.ts';
import { ipmiDriver } from './ipmi-driver.ts';
import { ipmiTarget } from './ipmi-target.ts';
import { probeIpmi } from './probe.ts';

const signal = new AbortController().signal;
const missing = spawnSync('ipmi_sim', ['--help']).error !== undefined;

/** OpenIPMI's simulator: a BMC that nobody of us wrote. It has cipher suite 3 and not 17. */
describe.skipIf(missing)('against ipmi_sim (needs openipmi)', () => {
  let folder = '';
  let port = 0;
  let simulator: ChildProcess;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'formwork-ipmi-sim-'));
    port = await freePort();
    await mkdir(path.join(folder, 'state'));
    const control = path.join(folder, 'chassis.sh');
    await writeFile(control, chassisScript);
    await chmod(control, 0o755);
    await writeFile(path.join(folder, 'lan.conf'), lanConfiguration(port, `${control} ${folder}`));
    await writeFile(path.join(folder, 'sim.emu'), simConfiguration);
    simulator = spawn('ipmi_sim', ['-c', 'lan.conf', '-f', 'sim.emu', '-s', path.join(folder, 'state'), '-n'], {
      cwd: folder,
      stdio: 'ignore',
    });
    await until('ipmi_sim answers', () =>
      driver('secret')
        .power(signal)
        .then(
          () => true,
          () => false,
        ),
    );
  });
  afterAll(async () => {
    const gone = once(simulator, 'exit');
    simulator.kill('SIGKILL');
    await gone;
    await rm(folder, { recursive: true, force: true });
  });

  const notices: string[] = [];
  const driver = (password: string) =>
    ipmiDriver(
      ipmiTarget({
        host: '127.0.0.1',
        port,
        credentials: () => Promise.resolve({ user: 'admin', password }),
        patience: { tries: 3, firstWaitMs: 500 },
        notice: ({ kind, suite }) => notices.push(`${kind} ${suite}`),
      }),
    );

  it('falls from cipher suite 17 to 3 and switches the power', async () => {
    const ipmi = driver('secret');
    notices.length = 0;
    expect(await ipmi.power(signal)).toBe('off');
    expect(notices).toEqual(['suite-refused 17', 'suite-learned 3']);
    await ipmi.setPower('on', signal);
    expect(await ipmi.power(signal)).toBe('on');
    expect(await readFile(path.join(folder, 'power'), 'utf8')).toContain('1');
    await ipmi.setPower('off', signal);
    expect(await ipmi.power(signal)).toBe('off');
  });

  it('sets a boot device, which reaches its chassis', async () => {
    await driver('secret').bootDevice?.set({ device: 'pxe', persistent: false, efi: false }, signal);
    expect(await readFile(path.join(folder, 'boot'), 'utf8')).toContain('pxe');
  });

  it('reads device id, GUID and event log', async () => {
    expect(await driver('secret').inventory?.(signal)).toMatchObject({ bmcFirmware: '9.08' });
    expect(await driver('secret').events?.(10, signal)).toEqual(expect.any(Array));
  });

  it('is probed without credentials', async () => {
    const probe = await probeIpmi({ host: '127.0.0.1', port, patience: { tries: 2, firstWaitMs: 500 } }, signal);
    expect(probe).toMatchObject({ speaksIpmi: true, rmcpPlus: true });
    expect(probe.suites).toContain(3);
  });

  it('says that the password is wrong', async () => {
    const failure = await driver('wrong')
      .power(signal)
      .catch((error: unknown) => failureOf(error));
    expect(failure).toMatchObject({ kind: 'auth', code: 'rakp2-code' });
  });

  it('leaves no session open: many more calls than it has slots', async () => {
    const ipmi = driver('secret');
    for (let count = 0; count < 80; count += 1) await ipmi.power(signal);
  });
});

const chassisScript = `#!/bin/sh
folder=$1; operation=$2; shift 2
while [ -n "$1" ]; do
  if [ $operation = get ]; then
    case $1 in
      power) echo "power:$(cat $folder/power 2>/dev/null || echo 0)" ;;
      boot) echo "boot:$(cat $folder/boot 2>/dev/null || echo default)" ;;
    esac
    shift
  else
    case $1 in power | boot) echo $2 > $folder/$1 ;; esac
    shift 2
  fi
done
exit 0
`;

const lanConfiguration = (port: number, control: string): string => `name "test"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${port}
    priv_limit admin
    allowed_auths_callback md5
    allowed_auths_user md5
    allowed_auths_operator md5
    allowed_auths_admin md5
    guid a123456789abcdefa123456789abcde1
  endlan
  chassis_control "${control}"
  user 1 false "" "" user 10 none md2 md5 straight
  user 2 true "admin" "secret" admin 10 none md2 md5 straight
`;

const simConfiguration = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
sel_enable 0x20 1000 0x0a
mc_enable 0x20
`;
