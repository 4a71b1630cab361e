import type { BuildImage } from '../build-image.ts';
import { buildImage } from './build-image.ts';
import { distributions } from './distributions.ts';
import { readImageOptions } from './image-options.ts';

const usage = (name: string): string => `options of "image build ${name}":
  --output DIR              where ${name}.raw.zst and ${name}.json go (default: here)
  --kernel generic|cloud    generic: drivers of real machines (default); cloud: virtual machines alone
  --package NAME            one more package in the image; repeatable
  --first-boot BY           formwork: our script (default); cloud-init
  --mirror URL              the distribution's mirror; --security-mirror URL: that of its security updates
  --keyring FILE            the keys of the mirror's archive
  --keep-raw                leave the raw image beside the compressed one
  --rebuild                 build even if there is an image of the same input`;

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

/** Operating systems, by the name of the distribution. */
export const systemBuilders: Readonly<Record<string, BuildImage>> = Object.fromEntries(
  Object.keys(distributions).map((name) => [
    name,
    {
      usage: usage(name),
      build: async (args, { log, signal }) => {
        const { manifest, manifestFile, built } = await buildImage(readImageOptions(name, args), log, signal);
        const { raw, file } = manifest;
        log(`${manifestFile}${built ? '' : ' (as it was: the input is the same)'}`);
        log(`${file.name} ${mebibytes(file.bytes)}, raw ${mebibytes(raw.bytes)} sha256 ${raw.sha256}`);
      },
    } satisfies BuildImage,
  ]),
);
