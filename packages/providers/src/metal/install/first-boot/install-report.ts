import { z } from 'zod';

/** A public host key, type and key: no comment, no options, nothing that could be a second line of known_hosts. */
const hostKey = z
  .string()
  .max(1024)
  .regex(
    /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,}={0,3}$/,
    'write the type and the base64 of a public host key',
  );

/** What an installed machine says of itself, once: the body of `POST /agent/v1/installed`. */
export const installReportSchema = z.object({
  hostKeys: z.array(hostKey).min(1).max(8),
  hostname: z.string().max(253),
  bootId: z.uuid(),
});

export type InstallReport = z.output<typeof installReportSchema>;
