import { expect, it } from 'vitest';
import { activatedSockets } from './activated-sockets.ts';

it.each([
  [{ LISTEN_PID: '7', LISTEN_FDS: '2' }, [3, 4]],
  [{ LISTEN_PID: '7', LISTEN_FDS: '0' }, []],
  [{ LISTEN_PID: '8', LISTEN_FDS: '2' }, []],
  [{ LISTEN_PID: '7', LISTEN_FDS: '-1' }, []],
  [{ LISTEN_PID: '7', LISTEN_FDS: '99999' }, []],
  [{ LISTEN_FDS: '1' }, []],
  [{}, []],
])('%j passes on %j', (environment, descriptors) => {
  expect(activatedSockets(environment, 7)).toEqual(descriptors);
});
