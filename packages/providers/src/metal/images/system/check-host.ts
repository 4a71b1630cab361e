/** Whether this host can build an image: programs, keys and the mirror, everything that is missing at once. */
import { access, constants } from 'node:fs/promises';
import { FormworkError, type Problem } from '@formwork/core';
import type { ImageInput } from './image-script.ts';

/** Debian packages by program or file. */
const needed: Readonly<Record<string, string>> = {
  mmdebstrap: 'mmdebstrap',
  unshare: 'util-linux',
  'mkfs.vfat': 'dosfstools',
  mcopy: 'mtools',
  syslinux: 'syslinux',
  '/usr/lib/syslinux/mbr/gptmbr.bin': 'syslinux-common',
  '/usr/lib/systemd/boot/efi/systemd-bootx64.efi': 'systemd-boot-efi',
  mke2fs: 'e2fsprogs',
  sfdisk: 'fdisk',
  zstd: 'zstd',
};

export const searchPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** How long a mirror may take to answer at all. */
const mirrorTimeoutMs = 10_000;

/**
 * The time of the newest index of the mirrors, in seconds. Throws `image-not-possible` with a problem for each thing that is
 * missing.
 */
export async function checkHost({ distribution, sources }: ImageInput, signal: AbortSignal): Promise<number> {
  const wanted = { ...needed, [distribution.keyring.file]: distribution.keyring.package };
  const missing = await Promise.all(
    Object.entries(wanted).map(async ([program, name]) =>
      (await present(program))
        ? []
        : [
            problem(
              'missing-program',
              `${program} is not on this host`,
              `install the package ${name}${program === distribution.keyring.file ? ', or name the keys of the archive with --keyring' : ''}`,
            ),
          ],
    ),
  );
  const mirrors = await Promise.all(sources.map((line) => askMirror(line, signal)));
  const root = process.getuid?.() === 0 ? [] : [problem('not-root', 'mmdebstrap makes devices', 'run it as root')];
  const problems = [
    ...root,
    ...missing.flat(),
    ...mirrors.flatMap((answer) => (typeof answer === 'number' ? [] : [answer])),
  ];
  if (problems.length === 0) return Math.max(...mirrors.map(Number));
  const what = problems.map(({ message, remedy }) => `${message} (${remedy ?? ''})`).join('; ');
  throw new FormworkError('terminal', 'image-not-possible', `the image cannot be built here: ${what}`, {
    details: { problems },
  });
}

async function present(program: string): Promise<boolean> {
  const places = program.startsWith('/') ? [program] : searchPath.split(':').map((place) => `${place}/${program}`);
  const found = await Promise.all(
    places.map((place) =>
      access(place, constants.F_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

/** When a mirror's index of the suite was made: it is what apt fetches first. */
async function askMirror(line: string, signal: AbortSignal): Promise<number | Problem> {
  const [, mirror = '', suite = ''] = line.split(' ');
  const remedy = 'name one that this host reaches with --mirror and --security-mirror';
  const timeout = AbortSignal.timeout(mirrorTimeoutMs);
  try {
    const answer = await fetch(`${mirror}/dists/${suite}/InRelease`, {
      signal: AbortSignal.any([signal, timeout]),
    });
    if (!answer.ok) {
      const what = `the mirror ${mirror} answers ${answer.status} for the suite ${suite}`;
      return problem('mirror-refuses', what, remedy);
    }
    const made = Date.parse(/^Date: (.*)$/m.exec(await answer.text())?.[1] ?? '');
    if (!Number.isNaN(made)) return made / 1000;
    return problem('mirror-refuses', `the mirror ${mirror} has no dated index for the suite ${suite}`, remedy);
  } catch (error) {
    signal.throwIfAborted();
    const why = timeout.aborted ? `no answer within ${mirrorTimeoutMs / 1000} s` : reason(error);
    return problem('mirror-unreachable', `the mirror ${mirror} cannot be reached: ${why}`, remedy);
  }
}

/** fetch tells by its cause what happened. */
function reason(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}

const problem = (code: string, message: string, remedy: string): Problem => ({ code, path: '$', message, remedy });
