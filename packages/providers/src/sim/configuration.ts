import { z } from 'zod';
import { faultSchema } from './fault-schema.ts';

const ms = z.number().nonnegative();

/** Milliseconds of simulated time: fixed, evenly spread, or log-normal. */
const durationSchema = z.union([
  ms,
  z.strictObject({ min: ms, max: ms }).refine(({ min, max }) => min <= max, 'min must not be above max'),
  z.strictObject({ median: ms, sigma: z.number().nonnegative().max(3) }),
]);

const name = z.string().min(1);

/** Site configuration of `sim`. Every default is filled in; `simConfigurationSchema.parse({})` is a usable site. */
export const simConfigurationSchema = z.strictObject({
  /** Same seed, same configuration, same node names: same durations, faults, addresses and host keys. */
  seed: z.number().int().default(1),
  /** `disk` survives restarts and is shared by the workers of one host; `memory` is one process's alone. */
  state: z.enum(['disk', 'memory']).default('disk'),
  /** `speed` 10 lets ten simulated seconds pass in one. `virtual` is for tests that drive the time themselves. */
  clock: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('real'), speed: z.number().positive().default(1) }),
      z.strictObject({ kind: z.literal('virtual') }),
    ])
    .default({ kind: 'real', speed: 1 }),
  /** From the create call to the first answer of SSH. */
  bootMs: durationSchema.default({ min: 1000, max: 3000 }),
  /** From the destroy call to the machine's end. */
  destroyMs: durationSchema.default(200),
  /** How long each call to the provider itself takes. */
  callMs: durationSchema.default(0),
  steps: z
    .strictObject({
      defaultMs: durationSchema.default({ min: 100, max: 500 }),
      /** By role name. */
      roles: z.record(name, durationSchema).default({}),
    })
    .prefault({}),
  faults: z.array(faultSchema).default([]),
  images: z
    .array(z.strictObject({ name, arch: name.default('amd64'), description: z.string().default('') }))
    .min(1)
    .default([
      { name: 'debian-12', arch: 'amd64', description: 'Debian 12, simulated' },
      { name: 'ubuntu-24.04', arch: 'amd64', description: 'Ubuntu 24.04, simulated' },
    ]),
  sizes: z
    .array(
      z.strictObject({
        name,
        cpus: z.number().int().positive(),
        memoryGib: z.number().positive(),
        diskGib: z.number().positive().nullable().default(null),
        hourlyPrice: z.number().nonnegative().nullable().default(null),
      }),
    )
    .min(1)
    .default([
      { name: 'small', cpus: 1, memoryGib: 1, diskGib: 10, hourlyPrice: 0.01 },
      { name: 'medium', cpus: 2, memoryGib: 4, diskGib: 20, hourlyPrice: 0.04 },
      { name: 'large', cpus: 8, memoryGib: 32, diskGib: 100, hourlyPrice: 0.32 },
    ]),
  /** Upper bounds of sizes asked for by quantities. */
  custom: z
    .strictObject({
      maxCpus: z.number().positive(),
      maxMemoryGib: z.number().positive(),
      maxDiskGib: z.number().positive(),
    })
    .default({ maxCpus: 64, maxMemoryGib: 512, maxDiskGib: 4096 }),
  zones: z.array(name).min(1).default(['sim-a', 'sim-b', 'sim-c']),
  maxNodes: z.number().int().nonnegative().default(10_000),
  capabilities: z.array(name).default(['containers']),
});

export type SimConfiguration = z.infer<typeof simConfigurationSchema>;
export type Duration = z.infer<typeof durationSchema>;

/** A simulated park asks for no credentials. */
export const simCredentialsSchema = z.strictObject({});
export type SimCredentials = z.infer<typeof simCredentialsSchema>;
