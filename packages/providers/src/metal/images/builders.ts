import type { BuildImage } from './builder.ts';
import { systemBuilders } from './system/command.ts';

/** By the name of the image. */
export const builders: Readonly<Record<string, BuildImage>> = {
  ...systemBuilders,
};
