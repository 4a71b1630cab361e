import type { BuildImage } from './build-image.ts';
import { buildDiscovery } from './discovery/command.ts';

export const builders: Readonly<Record<string, BuildImage>> = {
  discovery: buildDiscovery,
};
