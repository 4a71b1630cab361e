import { expect, it } from 'vitest';
import { handedSockets } from './handed-sockets.ts';

it('takes the sockets that are meant for this process, by name', () => {
  const env = { LISTEN_FDS: '2', LISTEN_FDNAMES: 'eth1:eth2', LISTEN_PID: '77' };
  expect([...handedSockets(env, 77)]).toEqual([
    ['eth1', 3],
    ['eth2', 4],
  ]);
  expect(handedSockets(env, 78).size).toBe(0);
  expect(handedSockets({ ...env, LISTEN_FDS: 'x' }, 77).size).toBe(0);
  expect(handedSockets({}, 77).size).toBe(0);
});
