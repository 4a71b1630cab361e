import type {
  Applied,
  Catalogue,
  Facts,
  Graph,
  Json,
  JsonObject,
  NodeRoleState,
  Pack,
  Plan,
  SizeRequest,
  Specification,
  StepError,
} from '@formwork/core';
import type { Pending } from '../engine/node-role-row.ts';
import type { Prisma } from '../generated/client.ts';

/**
 * JSON columns were written by this package alone, in these shapes; here alone they get their types back.
 */
type Stored = Prisma.JsonValue;

const given = (value: Stored): unknown => value;

export const asJson = (value: Stored): Json => given(value) as Json;
export const asObject = (value: Stored): JsonObject => given(value) as JsonObject;
export const asStrings = (value: Stored): readonly string[] => given(value) as readonly string[];
export const asStringMap = (value: Stored): Readonly<Record<string, string>> =>
  given(value) as Readonly<Record<string, string>>;
export const asParams = (value: Stored): Readonly<Record<string, Json>> =>
  given(value) as Readonly<Record<string, Json>>;
export const asSpecification = (value: Stored): Specification => given(value) as Specification;
/** A plan without its graph, which is stored beside it. */
export type PlanBody = Omit<Plan, 'graph'>;
export const asPlan = (value: Stored): PlanBody => given(value) as PlanBody;
export const asGraph = (value: Stored): Graph => given(value) as Graph;
export const asPack = (value: Stored): Pack => given(value) as Pack;
export const asFacts = (value: Stored): Facts => given(value) as Facts;
export const asSize = (value: Stored): SizeRequest | string | null => given(value) as SizeRequest | string | null;
export const asCatalogue = (value: Stored): Catalogue | null => given(value) as Catalogue | null;
export const asState = (value: Stored): NodeRoleState => given(value) as NodeRoleState;
export const asPending = (value: Stored): Pending | null => given(value) as Pending | null;
export const asApplied = (value: Stored): Applied | null => given(value) as Applied | null;
export const asStepError = (value: Stored): StepError | null => given(value) as StepError | null;
