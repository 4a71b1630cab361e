import type { Command } from 'commander';
import { z } from 'zod';
import { apiCommand, readOptions } from '../command-options.ts';
import { findNodeRole, type NodeRolePlace } from '../find-node-role.ts';
import type { Io } from '../io.ts';
import { openSession, type Session } from '../session.ts';

const optionsSchema = z.object({
  follow: z.boolean().default(false),
  deployment: z.string().optional(),
  attempt: z.coerce.number().int().min(1).optional(),
});

export function logsCommand(io: Io): Command {
  return apiCommand('logs', "print a node-role's log")
    .argument('<node-role>', 'key such as etcd-member@edge-etcd-1, or id')
    .option('-f, --follow', 'go on as it is written, until the node-role is at rest')
    .option('-d, --deployment <name>', 'its deployment, where the key does not tell')
    .option('--attempt <n>', 'this attempt instead of the last')
    .action(async (nodeRole: string, given: unknown) => {
      const options = readOptions(optionsSchema, given);
      const session = await openSession(io, given);
      const params = await findNodeRole(session.client, nodeRole, options.deployment);
      if (options.follow) await followLog(session, params, options.attempt);
      else await printLog(session, params, options.attempt);
    });
}

async function printLog(session: Session, params: NodeRolePlace, attempt: number | undefined): Promise<void> {
  let offset = 0;
  let asked = attempt;
  for (;;) {
    const query = { offset, ...(asked === undefined ? {} : { attempt: asked }) };
    const piece = await session.client.call('getLog', { params, query, signal: session.io.interrupted });
    if (piece.skippedBytes > 0) session.io.out.write(`\n[${String(piece.skippedBytes)} bytes not kept]\n`);
    session.io.out.write(piece.text);
    if (piece.text === '' || piece.nextOffset <= offset) return;
    offset = piece.nextOffset;
    asked = piece.attempt;
  }
}

async function followLog(session: Session, params: NodeRolePlace, attempt: number | undefined): Promise<void> {
  const { io, paint } = session;
  let shown: number | null = null;
  const events = session.client.stream('streamLog', {
    params,
    query: attempt === undefined ? {} : { attempt },
    signal: io.interrupted,
    onReconnect: () => {
      session.note(paint.dim('connection lost; resuming'));
    },
  });
  for await (const message of events) {
    if (message.event === 'end') {
      session.note(paint.dim(`${params.nodeRole} is ${message.data.state}`));
      return;
    }
    if (shown !== null && message.data.attempt !== shown)
      session.note(paint.dim(`attempt ${String(message.data.attempt)}`));
    shown = message.data.attempt;
    io.out.write(message.data.text);
  }
}
