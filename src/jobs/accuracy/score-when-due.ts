import { z } from 'zod';
import { findActuals } from '../../accuracy/actuals-tables.ts';
import type { JobSpec } from '../../config/job-spec.ts';
import type { Clock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { writeFileDurably } from '../../core/files/durable-file.ts';
import type { NamedTable } from '../../core/table.ts';
import { jsonText, readJsonIfValid } from '../../runs/json-file.ts';
import { accuracyFile } from '../../runs/layout.ts';
import { listRuns } from '../../runs/list/run-list.ts';
import { readCurrent } from '../../runs/publication.ts';
import { fingerprintInput } from '../../source/files/fingerprint.ts';
import type { ScoredRun } from '../../tasks/score-runs.ts';
import { folderOfJob } from '../plan/locations.ts';
import { type ScoreEffects, SEEN_BY_READERS, scoreRuns } from './score-runs.ts';

/** Runs whose actuals may still be revised: older ones are scored again only by hand. */
const MOST_RUNS = 30;

const checkedSchema = z.object({
  /** Of the files of the actuals. */
  actuals: z.string(),
  /** What the job said of them. */
  settings: z.string(),
  /** The published run. */
  current: z.string(),
});

export type DueScores = z.infer<typeof checkedSchema> & { readonly tables: readonly NamedTable[] };

/**
 * Whether there is something to compare that was not compared yet: another run is published, or the files of the
 * actuals have changed. Null where not; also where there are no actuals yet. Opens files, and reads no rows.
 */
export async function scoresDue(spec: JobSpec): Promise<DueScores | null> {
  if (spec.actuals === null) return null;
  const folder = folderOfJob(spec);
  const current = await readCurrent(folder);
  if (current === undefined) return null;
  const tables = await actualsNow(spec.actuals.source);
  if (tables === null) return null;
  const { fingerprint } = await fingerprintInput(tables.flatMap(({ sources }) => sources));
  const settings = JSON.stringify(spec.actuals);
  const checked = await readJsonIfValid(accuracyFile(folder), checkedSchema);
  const isSame =
    checked?.actuals === fingerprint && checked.settings === settings && checked.current === current;
  return isSame ? null : { actuals: fingerprint, settings, current, tables };
}

/** The files of the actuals; null: there are none yet. */
export async function actualsNow(source: NonNullable<JobSpec['actuals']>['source']) {
  try {
    return await findActuals(source);
  } catch (error) {
    const isAwaited =
      error instanceof ServeBatchError && (error.code === 'INPUT_NOT_FOUND' || error.code === 'INPUT_EMPTY');
    if (isAwaited) return null;
    throw error;
  }
}

/** Scores the newest published runs, and notes what they were compared with. */
export async function scoreDue(
  spec: JobSpec,
  { tables, ...checked }: DueScores,
  effects: ScoreEffects & { readonly clock: Clock },
): Promise<readonly ScoredRun[]> {
  const { actuals } = spec;
  if (actuals === null) return [];
  const folder = folderOfJob(spec);
  const runs = await listRuns(folder, effects.clock, { statuses: SEEN_BY_READERS, limit: MOST_RUNS });
  const scored = await scoreRuns({ ...spec, actuals }, runs, effects, tables);
  await writeFileDurably(accuracyFile(folder), jsonText(checked));
  return scored;
}
