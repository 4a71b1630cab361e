/**
 * `main.ts ADDRESS PORT SOCKET`: what is said to that address goes to the socket in the file system, and back. Run within a
 * network namespace it lets a server of a test, which is outside, be reached there.
 */
import { connect, createServer } from 'node:net';

const [address = '', port = '', socket = ''] = process.argv.slice(2);

createServer({ allowHalfOpen: true }, (client) => {
  const server = connect({ path: socket, allowHalfOpen: true });
  client.pipe(server).pipe(client);
  client.on('error', () => server.destroy());
  server.on('error', () => client.destroy());
  // A half that was cut off takes the other with it.
  client.on('close', () => server.destroy());
  server.on('close', () => client.destroy());
}).listen(Number(port), address, () => process.stdout.write('ready\n'));
