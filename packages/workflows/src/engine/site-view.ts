import type { SiteView } from '@formwork/core';
import type { SiteRow } from '@formwork/db';
import type { Descriptor } from '@formwork/providers';

/** A stored site as plan and validation see it; what its provider's stage one provides comes from the descriptor. */
export function siteViewOf(descriptor: (provider: string) => Descriptor): (site: SiteRow) => SiteView {
  return (site) => ({
    name: site.name,
    provider: site.provider,
    capabilities: Object.fromEntries(
      descriptor(site.provider).stageOne.flatMap((stage) =>
        stage.provides.map((capability) => [capability, stage.role] as const),
      ),
    ),
    params: site.params,
    catalogue: site.catalogue,
    maxNodes: site.maxNodes,
  });
}
