/** A CD image by URL: VirtualMedia of the system, or of its manager in older schemas; found by what it takes. */
import { bmcError, bmcFailures } from '../bmc-failures.ts';
import { findSystem, type FoundSystem } from './find-system.ts';
import { redfishFailure } from './redfish-failure.ts';
import { managerSchema, virtualMediaSchema, type VirtualMedia } from './resource-schemas.ts';
import type { RedfishTarget } from './redfish-target.ts';
import type { RedfishSession } from './with-redfish.ts';

interface Drive {
  readonly path: string;
  readonly media: VirtualMedia;
}

export async function insertMedia(session: RedfishSession, target: RedfishTarget, imageUrl: string): Promise<void> {
  const found = await findSystem(session, target.systemId);
  const drive = await cdDrive(session, found);
  if (drive.media.Inserted === true || (drive.media.Image ?? '') !== '') await ejectFrom(session, target, drive);
  const insert = drive.media.Actions?.['#VirtualMedia.InsertMedia'] ?? null;
  const more = found.quirks.imageAlone ? {} : { Inserted: true, WriteProtected: true };
  if (insert !== null) await session.api.act(insert.target, { Image: imageUrl, ...more });
  else await patch(session, target, drive.path, { Image: imageUrl, ...more });
  const { resource: after } = await session.api.get(drive.path, virtualMediaSchema);
  // Some say "inserted" of an image that they could not connect to.
  if (after.Inserted === false || after.ConnectedVia === 'NotConnected') {
    throw bmcError(
      bmcFailures.of('unavailable', 'media-not-connected', 'The BMC took the image but is not connected to it.'),
    );
  }
}

export async function ejectMedia(session: RedfishSession, target: RedfishTarget): Promise<void> {
  const drive = await cdDrive(session, await findSystem(session, target.systemId));
  if (drive.media.Inserted === true || (drive.media.Image ?? '') !== '') await ejectFrom(session, target, drive);
}

async function ejectFrom(session: RedfishSession, target: RedfishTarget, { path, media }: Drive): Promise<void> {
  const eject = media.Actions?.['#VirtualMedia.EjectMedia'] ?? null;
  if (eject !== null) await session.api.act(eject.target, {});
  else await patch(session, target, path, { Image: null, Inserted: false });
}

async function patch({ api }: RedfishSession, target: RedfishTarget, path: string, body: unknown): Promise<void> {
  const response = await api.send('PATCH', path, body);
  if (response.status >= 300) throw bmcError(redfishFailure(response, `PATCH ${path}`, target.now()));
}

async function cdDrive(session: RedfishSession, found: FoundSystem): Promise<Drive> {
  const { api } = session;
  for await (const collection of mediaCollections(session, found)) {
    for (const path of await api.members(collection)) {
      const { resource: media } = await api.get(path, virtualMediaSchema);
      if (media.MediaTypes?.some((type) => type === 'CD' || type === 'DVD') === true) return { path, media };
    }
  }
  throw bmcError(bmcFailures.unsupported('virtual media that take a CD or DVD'));
}

/** The system's own, then those of its managers, then those of all managers. */
async function* mediaCollections({ api, root }: RedfishSession, { system }: FoundSystem): AsyncGenerator<string> {
  if (system.VirtualMedia !== null) yield system.VirtualMedia['@odata.id'];
  const own = system.Links.ManagedBy.map((link) => link['@odata.id']);
  const managers = own.length > 0 || root.Managers === null ? own : await api.members(root.Managers['@odata.id']);
  for (const path of managers) {
    const { VirtualMedia } = (await api.get(path, managerSchema)).resource;
    if (VirtualMedia !== null) yield VirtualMedia['@odata.id'];
  }
}
