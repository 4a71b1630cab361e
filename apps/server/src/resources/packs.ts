import type { AnswerBody } from '@formwork/api';
import { dependenciesOf, loadPackFiles, readPackArchive } from '@formwork/content';
import { type PackRecord, storePack } from '@formwork/db';
import { compareVersions, newestPacks } from '../content/newest-packs.ts';
import type { ServerDeps } from '../deps.ts';
import { audit } from '../http/audit.ts';
import { pageBody, pageRequest } from '../http/cursor.ts';
import type { Handlers } from '../http/handler.ts';
import { invalidContent, notFound } from '../http/problems.ts';

export function packHandlers(deps: ServerDeps): Pick<Handlers, 'listPacks' | 'getPack' | 'uploadPack'> {
  const { db, inventory } = deps;
  const find = async (name: string, version: string | undefined): Promise<PackRecord> => {
    const packs = (await inventory.packs.all()).filter((record) => record.name === name);
    const found =
      version === undefined ? newestPacks(packs)[0] : packs.find((record) => record.pack.version === version);
    if (found === undefined) throw notFound(`pack ${name}${version === undefined ? '' : ` of version ${version}`}`);
    return found;
  };
  return {
    listPacks: async ({ query }) => {
      const { name } = query;
      const page = await inventory.packs.list({ ...pageRequest(query), ...(name === undefined ? {} : { name }) });
      return { body: pageBody(page, toPackResponse) };
    },
    getPack: async ({ params, query }) => ({ body: toPackResponse(await find(params.pack, query.version)) }),
    uploadPack: async ({ body, caller }) => {
      const files = await readPackArchive(body);
      if (!files.ok) throw invalidContent('the archive', files.problems);
      const alone = loadPackFiles(files.value);
      if (!alone.ok) throw invalidContent('the pack', alone.problems);
      const stored = (await inventory.packs.all()).map((record) => record.pack);
      const known = [...stored].sort((a, b) => compareVersions(b.version, a.version));
      const loaded = loadPackFiles(files.value, dependenciesOf(alone.value.pack, known));
      if (!loaded.ok) throw invalidContent('the pack', loaded.problems);
      const { pack, bundles } = loaded.value;
      const outcome = await db.transaction(async (tx) => {
        const request = { id: deps.newId(), pack, bundles, source: 'uploaded' as const, replaceUnpinned: false };
        const result = await storePack(tx, { ...request, actor: caller.actor });
        const { name, version, digest } = pack;
        await audit(tx, caller, 'pack.store', `pack:${name}@${version}`, null, { name, version, digest });
        return result;
      });
      const record = await find(pack.name, pack.version);
      return { status: outcome === 'unchanged' ? 200 : 201, body: toPackResponse(record) };
    },
  };
}

const toPackResponse = ({ pack, createdAt }: PackRecord): AnswerBody<'getPack'> => ({
  name: pack.name,
  version: pack.version,
  summary: pack.summary,
  digest: pack.digest,
  packs: pack.packs,
  roles: pack.roles.map((role) => role.name),
  workflows: pack.workflows.map((workflow) => workflow.name),
  profiles: pack.profiles.map((profile) => profile.name),
  uploadedAt: createdAt.toISOString(),
});
