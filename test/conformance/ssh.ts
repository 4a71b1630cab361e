import type { MachineOutputs } from '@formwork/providers';
import ssh2 from 'ssh2';

const { Client, utils } = ssh2; // CommonJS: Node finds no named `utils`.

export const makeKeyPair = (): { readonly privateKey: string; readonly publicKey: string } => {
  const { private: privateKey, public: publicKey } = utils.generateKeyPairSync('ed25519');
  return { privateKey, publicKey };
};

/** Logs in with the key, insisting on the machine's host key, and answers what the command printed. */
export async function execOverSsh(machine: MachineOutputs, privateKey: string, command: string): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    const client = new Client();
    const fail = (error: Error): void => {
      client.destroy();
      reject(error);
    };
    client.on('error', fail);
    client.on('ready', () => {
      client.exec(command, (error, channel) => {
        if (error !== undefined) {
          fail(error);
          return;
        }
        let out = '';
        channel.on('data', (chunk: Buffer) => (out += chunk.toString()));
        channel.stderr.on('data', (chunk: Buffer) => (out += chunk.toString()));
        channel.on('close', (code: number | null) => {
          client.end();
          if (code === 0) resolve(out.trim());
          else reject(new Error(`${command} ended with ${code ?? 'a signal'}: ${out}`));
        });
      });
    });
    client.connect({
      host: machine.host,
      port: machine.port,
      username: machine.user,
      privateKey,
      readyTimeout: 20_000,
      algorithms: { serverHostKey: ['ssh-ed25519'] },
      hostVerifier: (key: Buffer) => `ssh-ed25519 ${key.toString('base64')}` === machine.hostKey,
    });
  });
}
