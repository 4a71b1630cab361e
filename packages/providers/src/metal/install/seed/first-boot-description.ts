/** What a machine is told by the installer for its first boot. */
import { z } from 'zod';

const keyTypes =
  'ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\\.com|sk-ecdsa-sha2-nistp256@openssh\\.com';

export const firstBootSchema = z.strictObject({
  /** Changes with every installation, so that cloud-init runs anew. */
  instanceId: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'write 1 to 128 letters, digits, "_" and "-"'),
  hostname: z
    .string()
    .max(253)
    .regex(
      /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i,
      'write a host name, as in node-7 or node-7.example.org',
    ),
  /** Who logs in by SSH, made if there is no such account; may become root without a password. */
  user: z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'write the name of an account, as in formwork'),
  sshKeys: z
    .array(
      z.string().regex(new RegExp(`^(${keyTypes}) [A-Za-z0-9+/]+=*( [ -~]*)?$`), 'write a public SSH key in one line'),
    )
    .min(1, 'without an SSH key nobody could log in')
    .max(64),
  /** As the image's first boot takes it: a script with `#!`, or what cloud-init knows. */
  userData: z
    .string()
    .max(256 * 1024, 'user data has at most 256 KiB')
    .nullable()
    .default(null),
  /** Where the host keys are reported, and what proves who reports; null: nowhere. */
  report: z
    .strictObject({
      /** The boot listener, as in http://10.77.0.1:8080. */
      url: z
        .url({ protocol: /^https?$/ })
        .max(255)
        .regex(/^[!-~]*[^/]$/, 'write it without a slash at the end'),
      session: z.string().regex(/^[A-Za-z0-9_-]{1,128}$/, 'write 1 to 128 letters, digits, "_" and "-"'),
      /** PKCS8 PEM of an ed25519 key made for this installation alone. */
      privateKey: z
        .string()
        .regex(/^-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+-----END PRIVATE KEY-----\n$/, 'write a PKCS8 PEM'),
    })
    .nullable(),
});

export type FirstBootInput = z.input<typeof firstBootSchema>;
export type FirstBoot = z.output<typeof firstBootSchema>;
