/** Sockets that a service manager handed to this process (sd_listen_fds(3)), by name; the DHCP server gets them. */
const first = 3;

export function handedSockets(env: NodeJS.ProcessEnv, pid: number): ReadonlyMap<string, number> {
  const { LISTEN_FDS: count, LISTEN_FDNAMES: names = '', LISTEN_PID: meant } = env;
  const sockets = new Map<string, number>();
  if (count === undefined || !/^\d{1,3}$/.test(count) || Number(meant) !== pid) return sockets;
  for (const [index, name] of names.split(':').slice(0, Number(count)).entries()) sockets.set(name, first + index);
  return sockets;
}
