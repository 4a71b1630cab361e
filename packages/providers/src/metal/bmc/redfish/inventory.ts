import { failureOf } from '../../../provider-error.ts';
import type { BmcInventory, InventoryDrive, InventoryNic } from '../driver.ts';
import type { FoundSystem } from './find-system.ts';
import type { RedfishApi } from './redfish-api.ts';
import { driveSchema, managerSchema, nicSchema, storageSchema } from './resource-schemas.ts';

const mebibytesPerGibibyte = 1_024;
const mostEach = 64;

/** A walk of many requests; parts that this BMC does not have stay empty. */
export async function readInventory(api: RedfishApi, { system }: FoundSystem): Promise<BmcInventory> {
  const manager = system.Links.ManagedBy[0]?.['@odata.id'];
  const memoryGib = system.MemorySummary?.TotalSystemMemoryGiB ?? null;
  const nics: InventoryNic[] = [];
  for (const path of await membersOf(api, system.EthernetInterfaces?.['@odata.id'])) {
    const { resource } = await api.get(path, nicSchema);
    const mac = (resource.PermanentMACAddress ?? resource.MACAddress ?? '').toLowerCase().replaceAll('-', ':');
    if (/^([\da-f]{2}:){5}[\da-f]{2}$/.test(mac)) nics.push({ mac, name: resource.Id ?? resource.Name ?? '' });
  }
  const drives: InventoryDrive[] = [];
  for (const storage of await membersOf(api, system.Storage?.['@odata.id'])) {
    for (const link of (await api.get(storage, storageSchema)).resource.Drives.slice(0, mostEach)) {
      const { resource } = await api.get(link['@odata.id'], driveSchema);
      drives.push({
        name: resource.Id ?? resource.Name ?? '',
        serial: resource.SerialNumber,
        model: resource.Model,
        sizeBytes: resource.CapacityBytes,
      });
    }
  }
  return {
    manufacturer: system.Manufacturer,
    model: system.Model,
    serial: system.SerialNumber ?? system.SKU,
    boardSerial: null,
    assetTag: system.AssetTag,
    uuid: system.UUID?.toLowerCase() ?? null,
    bmcFirmware: manager === undefined ? null : (await api.get(manager, managerSchema)).resource.FirmwareVersion,
    cpuCount: system.ProcessorSummary?.Count ?? null,
    cpuModel: system.ProcessorSummary?.Model ?? null,
    memoryMib: memoryGib === null ? null : Math.round(memoryGib * mebibytesPerGibibyte),
    nics,
    drives,
  };
}

async function membersOf(api: RedfishApi, path: string | undefined): Promise<readonly string[]> {
  if (path === undefined) return [];
  const members = await api.members(path).catch((error: unknown) => {
    if (failureOf(error).kind === 'not-found') return [];
    throw error;
  });
  return members.slice(0, mostEach);
}
