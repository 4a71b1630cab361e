/** What is known of a built image, in `<name>.json` beside it: what a site serves and an installation is checked by. */
import { z } from 'zod';

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const bytes = z.int().min(1);

export const imageManifestSchema = z.object({
  version: z.literal(1),
  name: z.string(),
  distribution: z.object({ suite: z.string(), sources: z.array(z.string()) }),
  architecture: z.literal('amd64'),
  firmware: z.array(z.enum(['bios', 'uefi'])),
  kernel: z.string(),
  /** Who reads the seed at the first boot. */
  firstBoot: z.enum(['formwork', 'cloud-init']),
  /** Of everything that went into it but the state of the mirror; the same input is not built twice. */
  identity: sha256,
  /** The disk image as it is written. */
  raw: z.object({ bytes, sha256 }),
  /** The file that is served. */
  file: z.object({ name: z.string(), bytes, sha256, format: z.literal('zstd') }),
  /** Where the seed goes, on the disk as in the image (../../install/seed/seed-image.ts). */
  seed: z.object({ offsetBytes: bytes, sizeBytes: bytes }),
  boot: z.object({ arguments: z.string() }),
  /** Version by package. */
  packages: z.record(z.string(), z.string()),
});

export type ImageManifest = z.output<typeof imageManifestSchema>;
