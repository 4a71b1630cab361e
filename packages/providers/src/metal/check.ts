import { networkInterfaces } from 'node:os';
import type { CallContext, SiteCheck, SiteProblem } from '../contract.ts';
import { nearestNames } from '../nearest-names.ts';
import { failureOf } from '../provider-error.ts';
import type { MetalSite } from './machines/metal-site.ts';

const problem = (path: string, message: string, remedy: string): SiteProblem => ({ path, message, remedy });

/** Rule 1: everything that keeps machines of this site from being used, as far as it can be seen without changing anything. */
export async function checkSite(
  site: MetalSite,
  accounts: readonly string[],
  context: CallContext,
): Promise<SiteCheck> {
  const { configuration } = site;
  const problems: SiteProblem[] = [];
  const images = Object.keys(configuration.images);
  if (images.length === 0) {
    problems.push(
      problem('$.images', 'The site has no image.', 'Build one, formwork image build debian-12, and name it here.'),
    );
  }
  const { defaultImage, boot, subnets, machines } = configuration;
  if (defaultImage !== null && !images.includes(defaultImage)) {
    const nearest = nearestNames(defaultImage, images).join(', ');
    problems.push(
      problem('$.defaultImage', `${defaultImage} is not among the site's images.`, `Take one of: ${nearest}.`),
    );
  }
  if (subnets.length > 0 && boot.address === null) {
    problems.push(
      problem(
        '$.boot.address',
        'Machines of its subnets have no server to boot from.',
        'Give the address of the metal worker on their network.',
      ),
    );
  }
  problems.push(...repeated(machines), ...interfaceProblems(boot.interfaces));
  for (const [index, { name, bmc }] of machines.entries()) {
    if (bmc === null || bmc.driver === 'webhook' || accounts.includes(bmc.credentials)) continue;
    const remedy = `Add it to the credentials of the site; there are: ${accounts.join(', ') || 'none'}.`;
    problems.push(
      problem(
        `$.machines[${index}].bmc.credentials`,
        `There is no BMC account ${bmc.credentials} for ${name}.`,
        remedy,
      ),
    );
  }
  return { ok: problems.length === 0, problems, notes: await notesOf(site, context) };
}

function repeated(machines: MetalSite['configuration']['machines']): readonly SiteProblem[] {
  const seen = new Map<string, number>();
  return machines.flatMap(({ name, macs }, index) =>
    [name, ...macs.map((mac) => mac.toLowerCase().replaceAll('-', ':'))].flatMap((mark) => {
      const first = seen.get(mark) ?? index;
      seen.set(mark, first);
      if (first === index) return [];
      return [
        problem(
          `$.machines[${index}]`,
          `${mark} is that of machine ${first + 1} of the list too.`,
          'Give each machine its own name and MACs.',
        ),
      ];
    }),
  );
}

function interfaceProblems(wanted: readonly string[]): readonly SiteProblem[] {
  const here = Object.keys(networkInterfaces());
  return wanted.flatMap((name, index) =>
    here.includes(name)
      ? []
      : [
          problem(
            `$.boot.interfaces[${index}]`,
            `This host has no interface ${name}.`,
            `Take one of: ${here.join(', ')}; or run the check on the metal worker.`,
          ),
        ],
  );
}

/** How many machines there are, and which BMCs are silent: a note, since the site works without those machines. */
async function notesOf(site: MetalSite, context: CallContext): Promise<readonly string[]> {
  const machines = await site.store.list({ siteId: site.siteId });
  const counts = new Map<string, number>();
  for (const { state } of machines) counts.set(state, (counts.get(state) ?? 0) + 1);
  const states = [...counts].map(([state, count]) => `${count} ${state}`).join(', ');
  const silent = await Promise.all(
    machines
      .filter(({ state, bmc }) => bmc !== null && state !== 'retired')
      .slice(0, 16)
      .map(async (machine) => {
        try {
          await site.bmcs.of(machine)?.power(context);
          return [];
        } catch (error) {
          context.signal.throwIfAborted();
          return [`the BMC of ${machine.name}: ${failureOf(error).message}`];
        }
      }),
  );
  return [`${machines.length} machines${states === '' ? '' : `: ${states}`}`, ...silent.flat()];
}
