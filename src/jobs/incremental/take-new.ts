import type { BoundJob } from '../../config/job-spec.ts';
import type { Log } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { obtain } from '../../core/files/mirror.ts';
import type { ColumnWindow, IncrementalPlan } from '../../core/incremental.ts';
import type { ResolvedInput } from '../../core/table.ts';
import { columnNeeds } from '../../planning/column-needs.ts';
import type { LateRequest } from '../../source/incremental/late-rows.ts';
import type { PassedRows } from '../../source/incremental/take-rows.ts';
import type { WatermarkValue } from '../../source/incremental/watermark-type.ts';
import type { PlanningLimits } from '../../tasks/tasks.ts';
import type { Workers } from '../../tasks/workers.ts';
import type { IncrementalStart } from './incremental-start.ts';
import {
  changedRowsNote,
  countDeletedRows,
  countLateRows,
  deletedRowsWarning,
  lateRowsWarning,
} from './late-rows.ts';

/** What a run takes of an input that grows, as its plan says it. */
export interface TakenInput {
  readonly incremental: IncrementalPlan | null;
  /** The copy of rows that were taken; null: the files themselves are the input. */
  readonly taken: ResolvedInput | null;
}

export interface TakeRequest {
  readonly start: IncrementalStart | null;
  readonly spec: BoundJob;
  readonly runId: string;
  readonly workers: Workers;
  readonly limits: PlanningLimits;
  readonly log: Log;
}

/** Takes what is new; rows are copied, files are left where they are. Null: there is nothing new. */
export async function takeNew(request: TakeRequest): Promise<TakenInput | null> {
  const { start } = request;
  if (start === null) return { incremental: null, taken: null };
  if (start.files === null) return takeColumn(request, start);
  const { fresh, changed } = start.files;
  for (const { path } of changed)
    request.log.warn(`${path} has changed since it was taken: it counts as new, and is taken whole`, {
      file: path,
    });
  if (fresh.length === 0) return null;
  return { incremental: { kind: 'files', ...start.link, files: fresh.length }, taken: null };
}

async function takeColumn(request: TakeRequest, start: IncrementalStart): Promise<TakenInput | null> {
  const { spec, runId, workers, limits, log } = request;
  const { link, identified } = start;
  const last = lastWindow(start);
  const late = lateRequest(start, last);
  // Workers of a dry run show no bucket.
  if (late !== null && late.before !== null) await obtain(late.before.path);
  const { taken, passed } = await workers.runRetrying('take-rows', {
    runId,
    ...limits,
    rows: {
      column: columnOf(start),
      above: watermarkOf(last),
      late,
      paths: spec.input.paths,
      format: identified.format,
      source: identified.source,
      options: spec.input,
      setAside: spec.onInvalid.action === 'reject',
      needs: columnNeeds(spec, null),
    },
  });
  const counted = last === null ? { lateRows: 0 } : countPassed(last, passed, log);
  const lateTaken = passed?.late?.taken ?? 0;
  if (lateTaken > 0 && late?.key === null) log.info(changedRowsNote(lateTaken), { rows: lateTaken });
  if (taken === null) return null;
  const { column, to, rowsAtTo, rowsUpTo, lateWindow, input } = taken;
  const window = { column: column.name, columnType: column.type, from: last?.to ?? null, to };
  return {
    incremental: {
      ...{ kind: 'column', ...link, ...window, rowsAtTo, rowsUpTo, ...counted },
      ...(lateWindow === null ? {} : { lateTaken, lateWindow }),
    },
    taken: input,
  };
}

/** Says what came too late, and where the count of that is not to be relied on. */
function countPassed(
  last: ColumnWindow,
  passed: PassedRows | null,
  log: Log,
): Pick<ColumnWindow, 'lateRows' | 'deletedRows'> {
  const { column } = last;
  const lateRows = countLateRows(last, passed);
  const deletedRows = countDeletedRows(last, passed);
  if (lateRows > 0) log.warn(lateRowsWarning(lateRows, last), { column, rows: lateRows });
  if (deletedRows === 0) return { lateRows };
  log.warn(deletedRowsWarning(deletedRows, last), { column, rows: deletedRows });
  return { lateRows, deletedRows };
}

/** What of the rows up to the watermark is to be looked at again; null: nothing is. */
function lateRequest({ spec, takenRows }: IncrementalStart, last: ColumnWindow | null): LateRequest | null {
  if (spec.kind !== 'column' || spec.lateness === null) return null;
  const { lateness, key } = spec;
  const known = last === null || takenRows === null ? undefined : last.lateWindow;
  const before = known === undefined || takenRows === null ? null : { path: takenRows, from: known.from };
  return { lateness, key, before };
}

function columnOf({ spec }: IncrementalStart): string {
  if (spec.kind === 'column') return spec.column;
  throw new TypeError('The job takes files');
}

/** Null: everything is new. */
function lastWindow({ last, link }: IncrementalStart): ColumnWindow | null {
  return link.full || last?.incremental.kind !== 'column' ? null : last.incremental;
}

function watermarkOf(last: ColumnWindow | null): WatermarkValue | null {
  return last === null ? null : { value: last.to, type: last.columnType };
}

/** Files that arrived with a header and nothing else: they stay new, and cost a look at each run. */
export function hasNoRows(error: unknown, start: IncrementalStart): boolean {
  return (
    start.files !== null &&
    error instanceof ServeBatchError &&
    error.code === 'INPUT_EMPTY' &&
    error.fields.rejects === 0
  );
}
