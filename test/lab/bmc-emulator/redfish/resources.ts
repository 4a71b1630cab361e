/** The resources of the emulated service that are only read. Their paths are unlike any vendor's on purpose. */
import type { Machine } from '../machine.ts';
import { bootResource } from './boot-resource.ts';
import type { RedfishShape } from './redfish-options.ts';

export const systemPath = '/redfish/v1/Systems/machine-1';
export const settingsPath = `${systemPath}/Pending`;
const managerPath = '/redfish/v1/Managers/bmc';
export const resetPath = `${systemPath}/Actions/ComputerSystem.Reset`;
export const mediaPath = ({ media }: RedfishShape): string =>
  `${media === 'system' ? systemPath : managerPath}/VirtualMedia`;

const link = (path: string) => ({ '@odata.id': path });

export interface Media {
  image: string | null;
}

/** Path -> members of collections, and path -> body of the others; null for what is not there. */
export function collectionAt(path: string, shape: RedfishShape): readonly string[] | null {
  const media = mediaPath(shape);
  const collections: Readonly<Record<string, readonly string[]>> = {
    '/redfish/v1/Systems': [
      ...Array.from({ length: shape.moreSystems }, (_, index) => `/redfish/v1/Systems/other-${index + 1}`),
      systemPath,
    ],
    '/redfish/v1/Managers': [managerPath],
    [`${systemPath}/EthernetInterfaces`]: [`${systemPath}/EthernetInterfaces/NIC.1`],
    [`${systemPath}/Storage`]: [`${systemPath}/Storage/1`],
    [media]: [`${media}/Floppy`, `${media}/2`],
  };
  return collections[path] ?? null;
}

export function resourceAt(path: string, machine: Machine, shape: RedfishShape, media: Media): unknown {
  const { identity } = machine.chassis;
  const mediaAt = mediaPath(shape);
  switch (path) {
    case '/redfish/v1':
      return {
        Vendor: shape.vendor,
        RedfishVersion: '1.15.0',
        Systems: link('/redfish/v1/Systems'),
        Managers: link('/redfish/v1/Managers'),
        Links: shape.sessions ? { Sessions: link('/redfish/v1/SessionService/Sessions') } : {},
      };
    case systemPath:
      return {
        '@odata.id': systemPath,
        Id: 'machine-1',
        UUID: identity.uuid.toUpperCase(),
        SerialNumber: identity.serial,
        Manufacturer: identity.manufacturer,
        Model: identity.model,
        PowerState: machine.chassis.isOn() ? 'On' : 'Off',
        ProcessorSummary: { Count: 2, Model: 'TCG' },
        MemorySummary: { TotalSystemMemoryGiB: 4 },
        EthernetInterfaces: link(`${systemPath}/EthernetInterfaces`),
        Storage: link(`${systemPath}/Storage`),
        ...(shape.media === 'system' ? { VirtualMedia: link(mediaAt) } : {}),
        Links: { ManagedBy: [link(managerPath)] },
        Boot: bootResource(machine, shape),
        Actions: { '#ComputerSystem.Reset': resetAction(shape) },
        ...(shape.settings ? { '@Redfish.Settings': { SettingsObject: link(settingsPath) } } : {}),
      };
    case settingsPath:
      return shape.settings ? { '@odata.id': settingsPath, Boot: bootResource(machine, shape) } : null;
    case `${resetPath}/Info`:
      return { Parameters: [{ Name: 'ResetType', AllowableValues: shape.resetTypes }] };
    case managerPath:
      return { FirmwareVersion: '2.14', ...(shape.media === 'manager' ? { VirtualMedia: link(mediaAt) } : {}) };
    case `${systemPath}/EthernetInterfaces/NIC.1`:
      return { Id: 'NIC.1', MACAddress: (identity.macs[0] ?? '').toUpperCase() };
    case `${systemPath}/Storage/1`:
      return { Drives: [link(`${systemPath}/Storage/1/Drives/0`)] };
    case `${systemPath}/Storage/1/Drives/0`:
      return { Id: 'Disk.0', SerialNumber: 'DISK1', Model: 'virtio', CapacityBytes: 8_589_934_592 };
    case `${mediaAt}/Floppy`:
      return { MediaTypes: ['Floppy', 'USBStick'], Inserted: false };
    case `${mediaAt}/2`:
      return {
        MediaTypes: ['CD', 'DVD'],
        Image: media.image,
        Inserted: media.image !== null,
        ConnectedVia: media.image === null || shape.mediaNotConnected ? 'NotConnected' : 'URI',
        Actions: {
          '#VirtualMedia.InsertMedia': { target: `${mediaAt}/2/Actions/VirtualMedia.InsertMedia` },
          '#VirtualMedia.EjectMedia': { target: `${mediaAt}/2/Actions/VirtualMedia.EjectMedia` },
        },
      };
    default:
      return null;
  }
}

const resetAction = ({ allowable, resetTypes }: RedfishShape) => ({
  target: resetPath,
  ...(allowable === 'inline' ? { 'ResetType@Redfish.AllowableValues': resetTypes } : {}),
  ...(allowable === 'action-info' ? { '@Redfish.ActionInfo': `${resetPath}/Info` } : {}),
});
