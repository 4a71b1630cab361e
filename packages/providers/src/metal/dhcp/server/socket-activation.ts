/**
 * Sockets handed in by a service manager (sd_listen_fds(3)): descriptors from 3 on, LISTEN_FDS of them, named by
 * LISTEN_FDNAMES, meant for the process LISTEN_PID. A `.socket` unit with ListenDatagram=0.0.0.0:67, BindToDevice=eth1,
 * Broadcast=yes and FileDescriptorName=eth1 hears one interface alone, which no socket of Node's own does.
 */
const first = 3;

export function activatedSockets(env: NodeJS.ProcessEnv, pid: number): ReadonlyMap<string, number> {
  const count = Number(env['LISTEN_FDS'] ?? '0');
  const names = (env['LISTEN_FDNAMES'] ?? '').split(':');
  const meant = env['LISTEN_PID'] === undefined || Number(env['LISTEN_PID']) === pid;
  const sockets = new Map<string, number>();
  if (!meant || !Number.isInteger(count)) return sockets;
  for (let index = 0; index < count; index += 1) sockets.set(names[index] ?? `unknown-${index}`, first + index);
  return sockets;
}
