/** Chassis commands (IPMI 2.0 section 28): status, control, identify. */
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import type { PowerAction, PowerState } from '../driver.ts';
import { completionFailure } from './completion-codes.ts';
import type { Session } from './session.ts';

const netFn = 0x00;
const controls: Readonly<Record<PowerAction, number>> = { off: 0, on: 1, cycle: 2, reset: 3, soft: 5 };
const notInThisState = 0xd5;

export async function chassisPower(session: Session): Promise<PowerState> {
  const what = 'Get Chassis Status';
  const data = await session.command(what, { netFn, command: 0x01, data: [] });
  const state = data[0];
  if (state === undefined || data.length < 3) throw bmcError(bmcFailures.garbled(what, `${data.length} bytes`));
  return (state & 0x01) === 0 ? 'off' : 'on';
}

/** A cycle or reset of a machine that is off is not possible (D5): it is switched on then. */
export async function chassisControl(session: Session, action: PowerAction): Promise<void> {
  const what = `Chassis Control ${action}`;
  const send = (wanted: PowerAction) => session.ask(what, { netFn, command: 0x02, data: [controls[wanted]] });
  const { completionCode } = await send(action);
  if (completionCode === 0) return;
  if (completionCode !== notInThisState) throw bmcError(completionFailure(completionCode, what));
  if (action === 'cycle' || action === 'reset') {
    const again = await send('on');
    if (again.completionCode !== 0) throw bmcError(completionFailure(again.completionCode, what));
  }
  // On, off and soft in the wrong state: what is asked for may hold already; the caller looks.
}

/** @param seconds 0 to 255; 0 puts the light out. */
export async function chassisIdentify(session: Session, seconds: number): Promise<void> {
  await session.command('Chassis Identify', { netFn, command: 0x04, data: [Math.min(255, Math.max(0, seconds))] });
}
