import type {
  JsonObject,
  Pack,
  PathSegment,
  Problem,
  Profile,
  RoleBundle,
  RoleDefinition,
  Workflow,
} from '@formwork/core';
import { jsonPath } from '@formwork/core';

/** Content of a pack's files by path relative to its folder, `/` between names. */
export type PackFiles = Readonly<Record<string, string>>;

/** One document of a pack, as written and as normalised. `sound`: its shape has no problem. */
export interface SourceDocument<Normalised> {
  readonly file: string;
  readonly document: JsonObject;
  readonly value: Normalised;
  readonly sound: boolean;
}

export interface RoleSource extends SourceDocument<RoleDefinition> {
  /** The other files of the role's folder, by path relative to it. */
  readonly files: PackFiles;
}

/** A pack as it was read, with what the linter needs to say where something stands. */
export interface PackSource {
  readonly pack: Pack;
  readonly document: JsonObject;
  readonly roles: readonly RoleSource[];
  readonly workflows: readonly SourceDocument<Workflow>[];
  readonly profiles: readonly SourceDocument<Profile>[];
  /** Files that belong to no document. */
  readonly otherFiles: readonly string[];
  /** Problems found while reading. */
  readonly problems: readonly Problem[];
  /** Gives problems their line and column. */
  readonly locate: (problems: readonly Problem[]) => readonly Problem[];
}

/** A pack ready to be stored: its definitions, and a bundle for each role. */
export interface LoadedPack {
  readonly pack: Pack;
  readonly bundles: readonly RoleBundle[];
}

/** A problem at a place of one file of the pack. */
export function problemAt(
  file: string,
  path: readonly PathSegment[],
  code: string,
  message: string,
  remedy?: string,
): Problem {
  return { code, path: jsonPath(path), message, ...(remedy === undefined ? {} : { remedy }), file };
}
