import type { BuildImage } from './builder.ts';
import { buildDiscovery } from './discovery/command.ts';

/** By the name of the image. */
export const builders: Readonly<Record<string, BuildImage>> = {
  discovery: buildDiscovery,
};
