/** Which disk an image is written to: what a specification says about it, and what a machine reports of its disks. */
import type { MachineDisk } from '@formwork/core';
import { z } from 'zod';

const text = z.string().trim().min(1).max(256);

/** All that are given must hold. */
export const diskHintsSchema = z
  .strictObject({
    /** Whole, whatever the case. */
    serial: text.optional(),
    /** World wide name, with or without `0x`, `naa.` or `eui.`. */
    wwn: text.optional(),
    /** As in `pci-0000:00:1f.2-ata-1`, with or without `/dev/disk/by-path/`. */
    byPath: text.optional(),
    /** A part of it, whatever the case. */
    model: text.optional(),
    minBytes: z.int().min(0).optional(),
    maxBytes: z.int().min(0).optional(),
    rotational: z.boolean().optional(),
    /** As in `sda`, with or without `/dev/`. Names change from boot to boot: the last thing to go by. */
    name: text.optional(),
  })
  .refine(({ minBytes = 0, maxBytes = Infinity }) => minBytes <= maxBytes, {
    path: ['maxBytes'],
    message: 'maxBytes is less than minBytes: no disk has such a size',
  });

export type DiskHints = z.output<typeof diskHintsSchema>;

/** A disk as the discovery report has it; how it is attached decides nothing. */
export type Disk = Omit<MachineDisk, 'transport'>;
