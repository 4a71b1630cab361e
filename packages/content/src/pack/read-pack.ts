import type { JsonObject, Pack, Problem } from '@formwork/core';
import { canonicalJson, isJsonObject } from '@formwork/core';
import { readObject, readText } from '../document/read-json.ts';
import { parseYamlDocument, type YamlDocument } from '../document/yaml-document.ts';
import { checkValue } from '../schema/check-value.ts';
import { contentSchemas, type ContentDocument } from '../schema/content-schemas.ts';
import { normalizeParams } from './normalize-declarations.ts';
import { normalizeRole } from './normalize-role.ts';
import { normalizeProfile, normalizeWorkflow } from './normalize-workflow.ts';
import { type PackFiles, type PackSource, problemAt, type RoleSource, type SourceDocument } from './pack-source.ts';
import { roleDigest, sha256 } from './role-digest.ts';

const nameForm = /^[a-z][a-z0-9-]{0,38}[a-z0-9]$/;

/** Reads and normalises every document of a pack; problems of syntax and shape are in the result. */
export function readPack(files: PackFiles): PackSource {
  const schemas = contentSchemas();
  const documents = new Map<string, YamlDocument>();
  const problems: Problem[] = [];

  const read = (kind: ContentDocument, file: string): { document: JsonObject; sound: boolean } => {
    const parsed = parseYamlDocument(files[file] ?? '', file);
    if (!parsed.ok) {
      problems.push(...parsed.problems);
      return { document: {}, sound: false };
    }
    documents.set(file, parsed.value);
    const found = checkValue(schemas[kind], parsed.value.value);
    problems.push(...found.map((problem) => ({ ...problem, file })));
    return { document: readObject(parsed.value.value), sound: found.length === 0 };
  };
  const within = <Value>(
    file: string,
    { document, sound }: { document: JsonObject; sound: boolean },
    normalize: (found: Problem[]) => Value,
  ): SourceDocument<Value> => {
    const found: Problem[] = [];
    const value = normalize(found);
    problems.push(...found.map((problem) => ({ ...problem, file })));
    return { file, document, value, sound: sound && found.length === 0 };
  };

  const layout = layOut(Object.keys(files));
  if (files['pack.yaml'] === undefined) {
    problems.push(
      problemAt('pack.yaml', [], 'missing-file', 'a pack needs a pack.yaml', 'add one with name and version'),
    );
  }
  const document: JsonObject = files['pack.yaml'] === undefined ? {} : read('pack', 'pack.yaml').document;
  const name = readText(document['name']);
  const version = readText(document['version']);
  for (const [kind, named] of [
    ['role', layout.roles],
    ['workflow', layout.workflows],
    ['profile', layout.profiles],
  ] as const) {
    for (const [documentName, file] of named) {
      if (nameForm.test(documentName)) continue;
      problems.push(
        problemAt(
          file,
          [],
          'bad-name',
          `'${documentName}' is no valid name of a ${kind}`,
          'use 2 to 40 lower-case letters, digits and hyphens',
        ),
      );
    }
  }

  const roles = [...layout.roles].map(([roleName, file]): RoleSource => {
    const folder = `roles/${roleName}/`;
    const own = Object.fromEntries(
      Object.entries(files)
        .filter(([path]) => path.startsWith(folder) && path !== file)
        .map(([path, content]) => [path.slice(folder.length), content]),
    );
    const source = within(file, read('role', file), () => null);
    const role = normalizeRole(roleName, { name, version }, source.document);
    return { ...source, value: { ...role, digest: roleDigest(role, own) }, files: own };
  });
  const workflows = [...layout.workflows].map(([workflow, file]) => {
    const source = read('workflow', file);
    return within(file, source, (found) => normalizeWorkflow(workflow, name, source.document, found));
  });
  const profiles = [...layout.profiles].map(([profile, file]) => {
    const source = read('profile', file);
    return within(file, source, (found) => normalizeProfile(profile, name, source.document, found));
  });
  const ranges = isJsonObject(document['packs']) ? document['packs'] : {};
  const pack: Pack = {
    name,
    version,
    summary: readText(document['summary']),
    packs: Object.fromEntries(Object.entries(ranges).map(([other, range]) => [other, readText(range)])),
    params: normalizeParams(name, document['params']),
    roles: roles.map((role) => role.value),
    workflows: workflows.map((workflow) => workflow.value),
    profiles: profiles.map((profile) => profile.value),
    digest: sha256(
      canonicalJson(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, sha256(text)]))),
    ),
  };
  return {
    pack,
    document,
    roles,
    workflows,
    profiles,
    otherFiles: layout.others,
    problems,
    locate: (found) =>
      found.flatMap((problem) => {
        if (problem.line !== undefined || problem.file === undefined) return [problem];
        return documents.get(problem.file)?.locate([problem]) ?? [problem];
      }),
  };
}

/** Which file is which document, by the folder it lies in; sorted, so that equal packs read alike. */
function layOut(paths: readonly string[]): {
  readonly roles: ReadonlyMap<string, string>;
  readonly workflows: ReadonlyMap<string, string>;
  readonly profiles: ReadonlyMap<string, string>;
  readonly others: readonly string[];
} {
  const roles = new Map<string, string>();
  const workflows = new Map<string, string>();
  const profiles = new Map<string, string>();
  const others: string[] = [];
  const sorted = [...paths].sort();
  for (const path of sorted) {
    const role = /^roles\/([^/]+)\/role\.yaml$/.exec(path)?.[1];
    const workflow = /^workflows\/([^/]+)\.yaml$/.exec(path)?.[1];
    const profile = /^profiles\/([^/]+)\.yaml$/.exec(path)?.[1];
    if (role !== undefined) roles.set(role, path);
    else if (workflow !== undefined) workflows.set(workflow, path);
    else if (profile !== undefined) profiles.set(profile, path);
    else if (path !== 'pack.yaml') others.push(path);
  }
  const folderOf = (path: string): string => /^roles\/([^/]+)\//.exec(path)?.[1] ?? '';
  return { roles, workflows, profiles, others: others.filter((path) => !roles.has(folderOf(path))) };
}
