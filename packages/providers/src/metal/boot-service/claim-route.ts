import { agentHeard, applyMachineEvent, hashBootToken, type MachineReason } from '@formwork/core';
import type { ForwardedRequest, Decided } from '../http-boot/listener/messages.ts';
import { readClaim } from '../agent/agent-bodies.ts';
import { json, refuse } from '../agent/answers.ts';
import type { BootServiceDeps } from './deps.ts';

/** How long a session lives without a word of its agent, milliseconds: a large image is written in less. */
export const sessionLifetimeMs = 2 * 3_600_000;
/** How often an agent asks for a task, seconds. */
const pollSeconds = 5;

/** Binds the session of a token to the agent's key. */
export async function claimSession(deps: BootServiceDeps, { body, address }: ForwardedRequest): Promise<Decided> {
  const claim = readClaim(body);
  if (claim === null) return refuse('bad-request', 'a claim is {token, mac, publicKey}');
  const tokenHash = hashBootToken(claim.token);
  if (tokenHash === null) return refuse('unknown');
  const { mac, publicKey } = claim;
  const decided = await deps.sessions.claim(tokenHash, { address, mac, publicKey, lifetimeMs: sessionLifetimeMs });
  switch (decided.kind) {
    case 'claimed':
    case 'again': {
      const { id, machineId } = decided.session;
      const now = await agentSpoke(deps, machineId);
      return json(200, { session: id, machine: machineId, pollSeconds, now: Math.floor(now / 1000) });
    }
    case 'claim-conflict': {
      const { machineId } = decided.session;
      const message = `two agents claimed one boot of this machine, the second from ${address} as ${mac}; look who else is on this network`;
      await breakMachine(deps, machineId, { code: 'claim-conflict', message });
      return refuse('claim-conflict');
    }
    case 'refused': {
      if (decided.session !== null) {
        deps.notice({
          code: 'claim-refused',
          machineId: decided.session.machineId,
          address,
          message: `${address} as ${mac} showed a token of this machine: ${decided.why}`,
        });
      }
      return refuse(decided.why);
    }
  }
}

/** Breaks a machine for a reason; one that is in a state that does not allow it stays as it is. */
async function breakMachine(
  { machines, site, actor }: BootServiceDeps,
  machineId: string,
  reason: MachineReason,
): Promise<void> {
  const { deadlines } = site();
  await machines.update(
    machineId,
    (machine, nowMs) => {
      const changed = applyMachineEvent(machine, { kind: 'fail', reason }, nowMs, deadlines);
      return changed.ok ? changed : null;
    },
    { actor },
  );
}

/** The machine's agent is there; answers the time of the store. */
export async function agentSpoke({ machines, actor }: BootServiceDeps, machineId: string): Promise<number> {
  let at = 0;
  await machines.update(
    machineId,
    (machine, nowMs) => {
      at = nowMs;
      return agentHeard(machine, nowMs);
    },
    { actor },
  );
  return at;
}
