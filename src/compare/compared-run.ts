import { join } from 'node:path';
import { ServeBatchError } from '../core/errors.ts';
import { fetchContents } from '../core/files/mirror.ts';
import type { Plan } from '../core/plan.ts';
import { parseTemplate } from '../core/text/template.ts';
import { runPaths } from '../runs/layout.ts';
import { readPlan } from '../runs/plan/plan-file.ts';
import { checkParts } from '../runs/record/check-parts.ts';
import { readManifest } from '../runs/record/run-record.ts';

/** A committed run, as far as comparing it needs. */
export interface ComparedRun {
  readonly plan: Plan;
  /** Paths of its parts, in order. */
  readonly parts: readonly string[];
  readonly rows: number;
}

/** Throws `NOT_FOUND` where the run is not complete, or has no rows, and `PART_DAMAGED`. */
export async function readComparedRun(folderOfJob: string, runId: string): Promise<ComparedRun> {
  const paths = runPaths(folderOfJob, runId);
  const record = await readManifest(paths);
  if (record === undefined || record.output.parts.length === 0)
    throw new ServeBatchError(
      'NOT_FOUND',
      `Run ${runId} is not complete, so it cannot be compared. "serve-batch runs ls" lists the runs.`,
      { fields: { runId } },
    );
  await checkParts(paths, record.output.parts);
  const parts = record.output.parts.map(({ file }) => join(paths.folder, file));
  await fetchContents(parts);
  return { plan: await readPlan(paths.plan), parts, rows: record.rowsOut };
}

export function predictionNames({ output }: Plan): readonly string[] {
  return output.predictions.flatMap(({ columns }) => columns);
}

/** The columns of key and field; of a grid without a store, its dimensions. Empty: the run does not say. */
export function keyColumnsOf({ kv, input, output }: Plan): readonly string[] {
  if (kv === null) {
    const dimensions = input.grid?.dimensions.map(({ name }) => name) ?? [];
    const kept = new Set(output.keptColumns.map(({ name }) => name));
    return dimensions.every((name) => kept.has(name)) ? dimensions : [];
  }
  const templates = kv.field === null ? [kv.key] : [kv.key, kv.field];
  return [...new Set(templates.flatMap((text) => parseTemplate(text, 'kv.key').columns))];
}
