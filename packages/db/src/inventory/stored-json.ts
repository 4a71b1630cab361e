import type { Catalogue, Graph, Json, JsonObject, Pack, Plan, StepError } from '@formwork/core';
import type { Prisma } from '../generated/client.ts';

/**
 * JSON columns were written by this package alone, in these shapes; here alone they get their types back.
 */
type Stored = Prisma.JsonValue;

const given = (value: Stored): unknown => value;

export const asJson = (value: Stored): Json => given(value) as Json;
export const asObject = (value: Stored): JsonObject => given(value) as JsonObject;
export const asParams = (value: Stored): Readonly<Record<string, Json>> =>
  given(value) as Readonly<Record<string, Json>>;
/** A plan without its graph, which is stored beside it. */
export type PlanBody = Omit<Plan, 'graph'>;
export const asPlan = (value: Stored): PlanBody => given(value) as PlanBody;
export const asGraph = (value: Stored): Graph => given(value) as Graph;
export const asPack = (value: Stored): Pack => given(value) as Pack;
export const asCatalogue = (value: Stored): Catalogue | null => given(value) as Catalogue | null;
export const asStepError = (value: Stored): StepError | null => given(value) as StepError | null;
