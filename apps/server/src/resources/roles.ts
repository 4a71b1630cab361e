import type { AnswerBody } from '@formwork/api';
import type { ParamDeclaration, RoleDefinition } from '@formwork/core';
import type { PackRecord } from '@formwork/db';
import { compareVersions, newestPacks } from '../content/newest-packs.ts';
import type { ServerDeps } from '../deps.ts';
import { pageBody, pageOfList, pageRequest } from '../http/cursor.ts';
import type { Handlers } from '../http/handler.ts';
import { notFound } from '../http/problems.ts';

type Operations = 'listRoles' | 'getRole' | 'listWorkflows' | 'getWorkflow' | 'listProfiles';

export function contentHandlers(deps: ServerDeps): Pick<Handlers, Operations> {
  const all = () => deps.inventory.packs.all();
  /** Everything of one kind in the newest packs, or in those of one name. */
  const listed = async <Item>(pack: string | undefined, of: (record: PackRecord) => readonly Item[]) =>
    newestPacks(await all())
      .filter((record) => pack === undefined || record.name === pack)
      .flatMap(of);
  /** The newest version of a pack that has it, or the one of that version. */
  const found = async <Item>(version: string | undefined, of: (record: PackRecord) => Item | undefined) =>
    [...(await all())]
      .filter((record) => version === undefined || record.pack.version === version)
      .sort((a, b) => compareVersions(b.pack.version, a.pack.version))
      .flatMap((record) => of(record) ?? [])[0];
  return {
    listRoles: async ({ query }) => {
      const packs = await all();
      const roles = await listed(query.pack, (record) => record.pack.roles);
      const fitting = roles.filter((role) => query.kind === undefined || role.kind === query.kind);
      const page = pageOfList(fitting, pageRequest(query), (role) => `${role.name}\n${role.pack}`);
      return { body: pageBody(page, (role) => toRoleResponse(role, packs)) };
    },
    getRole: async ({ params, query }) => {
      const packs = await all();
      const role = await found(query.version, (record) => record.pack.roles.find((one) => one.name === params.role));
      if (role === undefined) throw notFound(`role ${params.role}`);
      return { body: toRoleResponse(role, packs) };
    },
    listWorkflows: async ({ query }) => {
      const workflows = await listed(query.pack, (record) =>
        record.pack.workflows.map((workflow) => ({ ...workflow, packVersion: record.pack.version })),
      );
      const page = pageOfList(workflows, pageRequest(query), (workflow) => `${workflow.name}\n${workflow.pack}`);
      return { body: pageBody(page, (workflow) => workflow) };
    },
    getWorkflow: async ({ params, query }) => {
      const workflow = await found(query.version, (record) => {
        const one = record.pack.workflows.find(({ name }) => name === params.workflow);
        return one === undefined ? undefined : { ...one, packVersion: record.pack.version };
      });
      if (workflow === undefined) throw notFound(`workflow ${params.workflow}`);
      return { body: workflow };
    },
    listProfiles: async ({ query }) => {
      const profiles = await listed(query.pack, (record) =>
        record.pack.profiles.map((profile) => ({ ...profile, packVersion: record.pack.version })),
      );
      const page = pageOfList(profiles, pageRequest(query), (profile) => `${profile.name}\n${profile.pack}`);
      return { body: pageBody(page, (profile) => profile) };
    },
  };
}

function toRoleResponse(role: RoleDefinition, packs: readonly PackRecord[]): AnswerBody<'getRole'> {
  const declared = new Map<string, ParamDeclaration>();
  // Its own pack in its own version last: that one counts.
  const isOwn = ({ pack }: PackRecord): boolean => pack.name === role.pack && pack.version === role.packVersion;
  for (const { pack } of [...newestPacks(packs), ...packs.filter(isOwn)]) {
    for (const param of [...pack.params, ...pack.roles.flatMap((one) => one.params)])
      declared.set(param.fullName, param);
  }
  const { name, pack, packVersion, summary, kind, placement, executor, digest } = role;
  return {
    name,
    pack,
    packVersion,
    summary,
    kind,
    placement,
    executor,
    digest,
    requires: role.requires,
    needs: role.needs,
    after: role.after,
    provides: role.provides,
    facts: role.facts,
    steps: Object.keys(role.steps),
    params: [...role.params, ...role.uses.flatMap((use) => declared.get(use) ?? [])],
    outputs: role.outputs,
    timeoutMs: role.timeoutMs,
  };
}
