import type { Pack, Problem } from '@formwork/core';
import type { PackSource } from '../pack/pack-source.ts';
import { type LintCheck, lintContext } from './lint-context.ts';
import { notAvailableYet } from './not-available-yet.ts';
import { packDocument } from './pack-document.ts';
import { paramDeclarations } from './param-declarations.ts';
import { profiles } from './profiles.ts';
import { roleCycles } from './role-cycles.ts';
import { roleFiles } from './role-files.ts';
import { roleOutputs } from './role-outputs.ts';
import { roleReferences } from './role-references.ts';
import { roleShape } from './role-shape.ts';
import { roleTemplates } from './role-templates.ts';
import { workflows } from './workflows.ts';

const checks: readonly LintCheck[] = [
  packDocument,
  notAvailableYet,
  paramDeclarations,
  roleShape,
  roleReferences,
  roleCycles,
  roleOutputs,
  roleTemplates,
  roleFiles,
  workflows,
  profiles,
];

/** What the schemas cannot see: everything about the meaning of a pack's documents, all at once, without lines. */
export function lintPack(source: PackSource, dependencies: readonly Pack[] | null): readonly Problem[] {
  const context = lintContext(source, dependencies);
  return checks.flatMap((check) => check(context));
}
