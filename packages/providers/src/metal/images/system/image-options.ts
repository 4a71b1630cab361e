import { parseArgs } from 'node:util';
import { FormworkError } from '@formwork/core';
import { z } from 'zod';
import { nearestNames } from '../../../nearest-names.ts';
import { type Distribution, distributions } from './distributions.ts';
import type { ImageInput } from './image-script.ts';

const httpUrl = z.url({ protocol: /^https?$/ }).regex(/^[!-~]+$/);

const optionsSchema = z.strictObject({
  output: z.string().min(1).default('.'),
  kernel: z.enum(['generic', 'cloud']).default('generic'),
  package: z.array(z.string().regex(/^[a-z0-9][a-z0-9+.-]+$/, 'write the name of a package')).default([]),
  'first-boot': z.enum(['formwork', 'cloud-init']).default('formwork'),
  mirror: httpUrl.optional(),
  'security-mirror': httpUrl.optional(),
  keyring: z
    .string()
    .regex(/^\/[!-~]+$/, 'write an absolute path')
    .optional(),
  'keep-raw': z.boolean().default(false),
  rebuild: z.boolean().default(false),
});

export interface ImageOptions {
  readonly name: string;
  readonly output: string;
  readonly input: ImageInput;
  /** Leave the raw image beside the compressed one. */
  readonly keepRaw: boolean;
  /** Build even if there is an image of the same input. */
  readonly rebuild: boolean;
}

/** The options of the builder of one distribution. Errors: `usage`, `unknown-image`. */
export function readImageOptions(name: string, args: readonly string[]): ImageOptions {
  const values = parse(args);
  const distribution = Object.hasOwn(distributions, name) ? distributions[name] : undefined;
  if (distribution === undefined) {
    const known = nearestNames(name, Object.keys(distributions), 5).join(', ');
    throw new FormworkError('invalid', 'unknown-image', `there is no distribution "${name}"; build one of ${known}`);
  }
  const mirror = values.mirror ?? distribution.mirror;
  const security = distribution.security;
  const components = distribution.components.join(' ');
  const sources = [
    `deb ${mirror} ${distribution.suite} ${components}`,
    ...(security === null
      ? []
      : [`deb ${values['security-mirror'] ?? security.mirror} ${security.suite} ${components}`]),
  ];
  return {
    name,
    output: values.output,
    keepRaw: values['keep-raw'],
    rebuild: values.rebuild,
    input: {
      distribution: {
        ...distribution,
        keyring: { ...distribution.keyring, file: values.keyring ?? distribution.keyring.file },
      },
      sources,
      kernel: kernelOf(distribution, values.kernel),
      packages: values.package,
      firstBoot: values['first-boot'],
    },
  };
}

const kernelOf = ({ kernels }: Distribution, kernel: keyof Distribution['kernels']): string => kernels[kernel];

function parse(args: readonly string[]): z.output<typeof optionsSchema> {
  const one = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        output: one,
        kernel: one,
        package: { type: 'string', multiple: true },
        'first-boot': one,
        mirror: one,
        'security-mirror': one,
        keyring: one,
        'keep-raw': flag,
        rebuild: flag,
      },
    });
    return optionsSchema.parse(values);
  } catch (error) {
    const problems = error instanceof z.ZodError ? error.issues : [];
    const text = problems.map(({ path, message }) => `--${path.join('.')}: ${message}`).join('; ');
    const message = text !== '' ? text : error instanceof Error ? error.message : String(error);
    throw new FormworkError('invalid', 'usage', message, { cause: error });
  }
}
