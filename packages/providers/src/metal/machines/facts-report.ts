/**
 * The discovery agent's report, parsed: strict about its size, lenient about its values. Firmware writes anything into its
 * tables, so what is odd becomes null and the rest of the report stands. Never throws.
 */
import type { MachineFacts } from '@formwork/core';
import { z } from 'zod';

/** Of the body, bytes. */
export const longestFactsReport = 256 * 1024;
const longestText = 256;
const mostItems = 512;

const visible = (value: string): string => value.replace(/[\p{Cc}\p{Cs}]/gu, ' ').trim();
const text = z
  .string()
  .transform((value) => visible(value).slice(0, longestText))
  .nullable()
  .transform((value) => (value === '' ? null : value))
  .catch(null);
const count = z.int().nonnegative().max(Number.MAX_SAFE_INTEGER).nullable().catch(null);
const flag = z.boolean().nullable().catch(null);
const mac = z
  .string()
  .transform((value) => value.trim().toLowerCase().replaceAll('-', ':'))
  .pipe(z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/))
  .nullable()
  .catch(null);
/** What names an item; one without it is left out. */
const name = z
  .string()
  .transform((value) => visible(value).slice(0, longestText))
  .pipe(z.string().min(1));

/** Items that make sense, of at most so many. */
const listOf = <T>(item: z.ZodType<T>) =>
  z
    .array(z.unknown())
    .catch([])
    .transform((items) =>
      items.slice(0, mostItems).flatMap((value) => {
        const parsed = item.safeParse(value);
        return parsed.success ? [parsed.data] : [];
      }),
    );
/** An object whose fields may all be missing. */
const part = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.preprocess(
    (value) => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {}),
    z.object(shape),
  );
const missing = <T extends z.ZodType>(type: T) => z.preprocess((value) => value ?? null, type);

const device = z.object({
  address: name,
  vendor: missing(text),
  device: missing(text),
  class: missing(text),
});

const factsSchema: z.ZodType<MachineFacts> = z.object({
  boot: part({
    firmware: missing(z.enum(['bios', 'uefi']).nullable().catch(null)),
    mac: missing(mac),
    address: missing(text),
  }),
  dmi: part({
    uuid: missing(text),
    serial: missing(text),
    assetTag: missing(text),
    boardSerial: missing(text),
    chassisSerial: missing(text),
    manufacturer: missing(text),
    product: missing(text),
    biosVersion: missing(text),
  }),
  cpu: part({
    model: missing(text),
    architecture: missing(text),
    sockets: missing(count),
    cores: missing(count),
    threads: missing(count),
    flags: listOf(name),
  }),
  numa: listOf(z.object({ node: z.int().nonnegative(), cpus: missing(text), memoryMiB: missing(count) })),
  memoryMiB: missing(count),
  disks: listOf(
    z.object({
      name,
      serial: missing(text),
      wwn: missing(text),
      byPath: missing(text),
      model: missing(text),
      sizeBytes: missing(count),
      rotational: missing(flag),
      transport: missing(text),
    }),
  ),
  nics: listOf(
    z.object({
      name,
      mac: missing(mac),
      driver: missing(text),
      pci: missing(text),
      link: missing(flag),
      speedMbps: missing(count),
      lldp: missing(
        z
          .object({ chassis: missing(text), port: missing(text), system: missing(text) })
          .nullable()
          .catch(null),
      ),
    }),
  ),
  pci: listOf(device),
  gpus: listOf(device),
  bmc: missing(
    z
      .object({ address: missing(text), mac: missing(mac), channel: missing(count) })
      .nullable()
      .catch(null),
  ),
});

export type FactsReport =
  | { readonly ok: true; readonly facts: MachineFacts }
  | { readonly ok: false; readonly why: 'too-long' | 'not-json' | 'not-an-object' | 'other-version' };

/** @param body UTF-8. */
export function parseFactsReport(body: Uint8Array): FactsReport {
  if (body.length > longestFactsReport) return { ok: false, why: 'too-long' };
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(body).toString('utf8'));
  } catch {
    return { ok: false, why: 'not-json' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { ok: false, why: 'not-an-object' };
  if (!('agent' in value) || value.agent !== '1') return { ok: false, why: 'other-version' };
  const facts = factsSchema.safeParse(value);
  return facts.success ? { ok: true, facts: facts.data } : { ok: false, why: 'not-an-object' };
}
