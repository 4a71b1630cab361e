/** PowerState and ComputerSystem.Reset (DMTF schema ComputerSystem). */
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import type { PowerAction, PowerState } from '../driver.ts';
import type { FoundSystem } from './find-system.ts';
import type { RedfishApi } from './redfish-api.ts';
import { actionInfoSchema } from './resource-schemas.ts';

export const powerOf = (state: string | null): PowerState =>
  state === 'On' ? 'on' : state === 'Off' ? 'off' : 'unknown';

/** In the order of preference; none of them means anything else than what was asked for. */
const resetTypes: Readonly<Record<PowerAction, readonly string[]>> = {
  on: ['On', 'ForceOn'],
  off: ['ForceOff'],
  soft: ['GracefulShutdown', 'PushPowerButton'],
  reset: ['ForceRestart', 'GracefulRestart'],
  cycle: ['PowerCycle', 'FullPowerCycle', 'ForceRestart'],
};

export async function reset(api: RedfishApi, { system }: FoundSystem, action: PowerAction): Promise<void> {
  const reset = system.Actions?.['#ComputerSystem.Reset'] ?? null;
  if (reset === null) throw bmcError(bmcFailures.unsupported('ComputerSystem.Reset'));
  const info = reset['@Redfish.ActionInfo'];
  const allowed =
    reset['ResetType@Redfish.AllowableValues'] ??
    (info === null
      ? null
      : ((await api.get(info, actionInfoSchema)).resource.Parameters.find(({ Name }) => Name === 'ResetType')
          ?.AllowableValues ?? null));
  const type = resetTypes[action].find((name) => allowed === null || allowed.includes(name));
  if (type === undefined) throw bmcError(bmcFailures.unsupported(`a reset of type ${resetTypes[action].join(' or ')}`));
  await api.act(reset.target, { ResetType: type });
}
