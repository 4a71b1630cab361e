import type { BuildImage } from './build-image.ts';
import { buildDiscovery } from './discovery/command.ts';
import { systemBuilders } from './system/command.ts';

/** By the name of the image. */
export const builders: Readonly<Record<string, BuildImage>> = {
  discovery: buildDiscovery,
  ...systemBuilders,
};
