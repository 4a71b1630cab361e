/**
 * What we read of Redfish resources (DMTF schema bundle; DSP0266). Everything is optional that any BMC leaves out, and a
 * property of another type counts as absent: only ids and actions that we must follow are believed.
 */
import { z } from 'zod';

const text = z.string().nullable().catch(null).default(null);
const number = z.number().nullable().catch(null).default(null);
const texts = z.array(z.string()).nullable().catch(null).default(null);
const link = z.object({ '@odata.id': z.string() }).nullable().catch(null).default(null);
const links = z
  .array(z.object({ '@odata.id': z.string() }))
  .catch([])
  .default([]);
const action = z
  .object({
    target: z.string(),
    'ResetType@Redfish.AllowableValues': texts,
    '@Redfish.ActionInfo': text,
  })
  .nullable()
  .catch(null)
  .default(null);

export const rootSchema = z.object({
  Vendor: text,
  Product: text,
  RedfishVersion: text,
  Systems: link,
  Managers: link,
  Links: z.object({ Sessions: link }).catch({ Sessions: null }).default({ Sessions: null }),
});
export type ServiceRoot = z.infer<typeof rootSchema>;

/** Where a new session is, for BMCs that give no Location. */
export const sessionSchema = z.object({ '@odata.id': text });

export const collectionSchema = z.object({ Members: links, 'Members@odata.nextLink': text, '@odata.nextLink': text });

const bootSchema = z.object({
  BootSourceOverrideTarget: text,
  BootSourceOverrideEnabled: text,
  BootSourceOverrideMode: text,
  HttpBootUri: text,
  'BootSourceOverrideTarget@Redfish.AllowableValues': texts,
});
const noBoot: z.infer<typeof bootSchema> = bootSchema.parse({});

export const systemSchema = z.object({
  '@odata.id': text,
  '@odata.etag': text,
  Id: text,
  UUID: text,
  SerialNumber: text,
  Manufacturer: text,
  Model: text,
  SKU: text,
  AssetTag: text,
  PowerState: text,
  Boot: bootSchema.catch(noBoot).default(noBoot),
  Actions: z.object({ '#ComputerSystem.Reset': action }).nullable().catch(null).default(null),
  ProcessorSummary: z.object({ Count: number, Model: text }).nullable().catch(null).default(null),
  MemorySummary: z.object({ TotalSystemMemoryGiB: number }).nullable().catch(null).default(null),
  EthernetInterfaces: link,
  Storage: link,
  VirtualMedia: link,
  Links: z.object({ ManagedBy: links }).catch({ ManagedBy: [] }).default({ ManagedBy: [] }),
  '@Redfish.Settings': z.object({ SettingsObject: link }).nullable().catch(null).default(null),
});
export type ComputerSystem = z.infer<typeof systemSchema>;

export const actionInfoSchema = z.object({
  Parameters: z
    .array(z.object({ Name: text, AllowableValues: texts }))
    .catch([])
    .default([]),
});

export const managerSchema = z.object({ FirmwareVersion: text, VirtualMedia: link });

export const virtualMediaSchema = z.object({
  '@odata.id': text,
  '@odata.etag': text,
  MediaTypes: texts,
  Image: text,
  Inserted: z.boolean().nullable().catch(null).default(null),
  ConnectedVia: text,
  Actions: z
    .object({ '#VirtualMedia.InsertMedia': action, '#VirtualMedia.EjectMedia': action })
    .nullable()
    .catch(null)
    .default(null),
});
export type VirtualMedia = z.infer<typeof virtualMediaSchema>;

export const nicSchema = z.object({ Id: text, Name: text, MACAddress: text, PermanentMACAddress: text });
export const storageSchema = z.object({ Drives: links });
export const driveSchema = z.object({ Id: text, Name: text, SerialNumber: text, Model: text, CapacityBytes: number });
export const taskSchema = z.object({ TaskState: text, TaskStatus: text });

/** The message ids of an error answer; its texts may quote what was sent. */
export const errorSchema = z.object({
  error: z.object({
    code: text,
    '@Message.ExtendedInfo': z
      .array(z.object({ MessageId: text }))
      .catch([])
      .default([]),
  }),
});
