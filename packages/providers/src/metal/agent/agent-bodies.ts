/** Bodies of the agent protocol. What agents say may be anything: sizes are strict, texts are made harmless. */
import type { JsonObject } from '@formwork/core';
import { z } from 'zod';
import { publicKeyOf } from './signature.ts';

/** Without what a database or a terminal chokes on: NUL, lone surrogates, control characters but tab and newline. */
export const harmlessText = (text: string): string =>
  // eslint would call these control characters a mistake: they are what is taken out.
  text.replace(/[\p{Cs}]|(?![\t\n])\p{Cc}/gu, '');

const text = (longest: number) =>
  z
    .string()
    .max(longest * 4)
    .transform((value) => harmlessText(value).slice(0, longest));

const claimBody = z.object({
  token: z.string().max(128),
  mac: z
    .string()
    .toLowerCase()
    .transform((value) => value.replaceAll('-', ':'))
    .pipe(z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/)),
  publicKey: z.string().refine((key) => publicKeyOf(key) !== null),
});

const progressBody = z.object({
  percent: z.number().transform((percent) => Math.round(Math.max(0, Math.min(100, percent)))),
  message: text(500).default(''),
});

const deepest = 8;
const outputs = z
  .record(z.string(), z.unknown())
  .refine((value) => isShallow(value, deepest))
  .transform((value) => harmlessJson(value) as JsonObject);

const resultBody = z.object({
  ok: z.boolean(),
  code: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/)
    .catch('unknown'),
  message: text(4000).default(''),
  outputs: outputs.default({}),
});

const hostKey = z
  .string()
  .regex(/^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)) [A-Za-z0-9+/]{40,2000}={0,2}( [^\p{Cc}]{0,200})?$/u);
const installedBody = z.object({
  /** The one-time token of the installation, where the system has no key to sign with. */
  token: z.string().min(1).max(256).nullable().default(null),
  hostKeys: z
    .array(hostKey)
    .min(1)
    .max(16)
    .transform((keys) => keys.map((key) => key.split(' ').slice(0, 2).join(' '))),
  /** `uname -r`. */
  kernel: text(128).nullable().default(null).catch(null),
});

export type ClaimBody = z.infer<typeof claimBody>;
export type ProgressBody = z.infer<typeof progressBody>;
export type ResultBody = z.infer<typeof resultBody>;
export type InstalledBody = z.infer<typeof installedBody>;

/** Each answers null for what is none; never throws. */
export const readClaim = (body: Uint8Array): ClaimBody | null => read(claimBody, body);
export const readProgress = (body: Uint8Array): ProgressBody | null => read(progressBody, body);
export const readResult = (body: Uint8Array): ResultBody | null => read(resultBody, body);
export const readInstalled = (body: Uint8Array): InstalledBody | null => read(installedBody, body);

/** Most octets of one piece of log. */
export const mostLogBytes = 64 * 1024;

/** Null when it is too large; what is no UTF-8 becomes the replacement character. */
export const readLog = (body: Uint8Array): string | null =>
  body.length > mostLogBytes ? null : harmlessText(new TextDecoder().decode(body));

/** A JSON value of a body; undefined when it is none. */
export function readJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    return undefined;
  }
}

function read<T>(schema: z.ZodType<T>, body: Uint8Array): T | null {
  const parsed = schema.safeParse(readJson(body));
  return parsed.success ? parsed.data : null;
}

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((child) => isShallow(child, levels - 1));
}

/** All texts and names made harmless; only for what is known to be shallow. */
function harmlessJson(value: unknown): unknown {
  if (typeof value === 'string') return harmlessText(value);
  if (Array.isArray(value)) return value.map(harmlessJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [harmlessText(name), harmlessJson(child)]));
}
