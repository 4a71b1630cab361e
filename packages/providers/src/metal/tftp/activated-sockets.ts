/** First descriptor that systemd passes on (sd_listen_fds(3)). */
const firstDescriptor = 3;

/**
 * Descriptors of sockets that were bound before this process began, by `LISTEN_PID` and `LISTEN_FDS`; empty when there
 * are none, or they are meant for another process. Such a socket may be bound to a device (`BindToDevice=`) and to port
 * 69 without this process ever having had a privilege.
 */
export function activatedSockets(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): readonly number[] {
  if (environment['LISTEN_PID'] !== String(pid)) return [];
  const count = /^\d{1,3}$/.test(environment['LISTEN_FDS'] ?? '') ? Number(environment['LISTEN_FDS']) : 0;
  return Array.from({ length: count }, (_, index) => firstDescriptor + index);
}
