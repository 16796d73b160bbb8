import { z } from 'zod';
import type { Immutable } from '../../core/immutable.ts';
import { readJsonIfValid } from '../json-file.ts';
import type { RunPaths } from '../layout.ts';
import {
  devicePlanSchema,
  enginePlanSchema,
  incrementalSchema,
  planSchema,
  runIdentitySchema,
} from './plan-schema.ts';

/** What the history needs of a plan; a line of the index holds it. */
export const planSummarySchema = z.strictObject({
  createdAt: z.string(),
  /** Those of the input that cannot be split into columns included. */
  rows: z.int().nonnegative(),
  modelPath: z.string(),
  batchSize: z.int().positive(),
  device: devicePlanSchema,
  engine: enginePlanSchema,
  identity: runIdentitySchema,
  incremental: incrementalSchema.nullable(),
});

export type PlanSummary = Immutable<z.infer<typeof planSummarySchema>>;

/** Undefined where the run has no plan yet, or a damaged one. */
export async function readPlanSummary(paths: RunPaths): Promise<PlanSummary | undefined> {
  const plan = await readJsonIfValid(paths.plan, planSchema);
  if (plan === undefined) return undefined;
  const { createdAt, identity, input, model, batchSize, device, engine, incremental } = plan;
  const rows = input.rows + input.stagingRejects;
  return { createdAt, rows, modelPath: model.path, batchSize, device, engine, identity, incremental };
}
