/**
 * Ignition is passed through as its user wrote it, once it is known to be a configuration of version 3: a machine that cannot
 * read it hangs in its initrd, where nobody looks. What is known is checked; unknown keys are refused at the top alone.
 */
import { type Checked, jsonPath } from '@formwork/core';
import { z } from 'zod';

const absolute = z.string().regex(/^\/[^\0]*$/, 'write an absolute path');
const source = z
  .string()
  .refine(
    (text) => /^(data:|https?:|tftp:|s3:|gs:|arn:)/.test(text) && URL.canParse(text),
    'write a data URL, or one that Ignition fetches',
  );
const contents = z.looseObject({
  source: source.nullable().optional(),
  verification: z
    .looseObject({
      hash: z
        .string()
        .regex(/^(sha256-[0-9a-f]{64}|sha512-[0-9a-f]{128})$/)
        .nullable()
        .optional(),
    })
    .optional(),
});
const node = { path: absolute, overwrite: z.boolean().nullable().optional() };
const mode = z.int().min(0).max(0o7777).nullable().optional();
const account = z.looseObject({
  name: z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'write the name of an account'),
  sshAuthorizedKeys: z.array(z.string().regex(/^[^\n]+$/)).optional(),
});
const unit = z.looseObject({
  name: z.string().regex(/^[A-Za-z0-9:_.@\\-]+\.[a-z]+$/, 'write the name of a unit, as in etcd.service'),
  contents: z.string().nullable().optional(),
});

const ignitionSchema = z
  .strictObject({
    ignition: z.looseObject({
      version: z.string().regex(/^3\.\d+\.\d+$/, 'only versions 3 of the specification are known'),
      config: z.looseObject({ merge: z.array(contents).optional(), replace: contents.optional() }).optional(),
    }),
    kernelArguments: z
      .looseObject({ shouldExist: z.array(z.string()).optional(), shouldNotExist: z.array(z.string()).optional() })
      .optional(),
    passwd: z.looseObject({ users: z.array(account).optional(), groups: z.array(account).optional() }).optional(),
    storage: z
      .looseObject({
        disks: z.array(z.looseObject({ device: absolute })).optional(),
        filesystems: z.array(z.looseObject({ device: absolute })).optional(),
        files: z.array(z.looseObject({ ...node, mode, contents: contents.optional() })).optional(),
        directories: z.array(z.looseObject({ ...node, mode })).optional(),
        links: z.array(z.looseObject({ ...node, target: z.string().min(1) })).optional(),
      })
      .optional(),
    systemd: z.looseObject({ units: z.array(unit).optional() }).optional(),
  })
  .superRefine(({ storage, systemd }, context) => {
    const nodes = (['files', 'directories', 'links'] as const).flatMap((kind) =>
      (storage?.[kind] ?? []).map((one, index) => ({ key: one.path, path: ['storage', kind, index, 'path'] })),
    );
    const units = (systemd?.units ?? []).map(({ name }, index) => ({
      key: name,
      path: ['systemd', 'units', index, 'name'],
    }));
    for (const list of [nodes, units]) {
      for (const [index, { key, path }] of list.entries()) {
        if (list.findIndex((other) => other.key === key) === index) continue;
        context.addIssue({ code: 'custom', path, message: `${key} is in it twice` });
      }
    }
  });

/** The text as it came, or all that is wrong with it. */
export function parseIgnition(text: string): Checked<string> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    const message = `this is no JSON: ${error instanceof Error ? error.message : String(error)}`;
    return {
      ok: false,
      problems: [{ code: 'ignition-invalid', path: '$', message, remedy: 'write Ignition, not Butane' }],
    };
  }
  const parsed = ignitionSchema.safeParse(document);
  if (parsed.success) return { ok: true, value: text };
  const problems = parsed.error.issues.map(({ path, message }) => ({
    code: 'ignition-invalid',
    path: jsonPath(path.map((segment) => (typeof segment === 'symbol' ? String(segment) : segment))),
    message,
  }));
  return { ok: false, problems };
}
