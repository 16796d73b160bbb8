import type { BoundJob } from '../../config/job-spec.ts';
import type { Log } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import type { IncrementalPlan } from '../../core/incremental.ts';
import type { ResolvedInput } from '../../core/table.ts';
import { columnNeeds } from '../../planning/column-needs.ts';
import type { WatermarkValue } from '../../source/incremental/watermark-type.ts';
import type { PlanningLimits } from '../../tasks/tasks.ts';
import type { Workers } from '../../tasks/workers.ts';
import type { IncrementalStart } from './incremental-start.ts';

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
  const above = watermarkOf(start);
  const rows = await workers.runRetrying('take-rows', {
    runId,
    ...limits,
    rows: {
      column: columnOf(start),
      above,
      paths: spec.input.paths,
      format: identified.format,
      source: identified.source,
      options: spec.input,
      setAside: spec.onInvalid.action === 'reject',
      needs: columnNeeds(spec, null),
    },
  });
  if (rows === null) return null;
  const { column, to, rowsAtTo, rowsAtFrom, input } = rows;
  const late = above === null ? 0 : rowsAtFrom - above.rows;
  if (late > 0)
    log.warn(
      `${late} ${late === 1 ? 'row' : 'rows'} with ${column.name} = ${above?.value} came after the run that took this value, and will not be taken: a run takes what is above it. Use a column that grows with each row, or take everything with --full.`,
      { column: column.name, rows: late },
    );
  const window = { column: column.name, columnType: column.type, from: above?.value ?? null, to, rowsAtTo };
  return { incremental: { kind: 'column', ...link, ...window }, taken: input };
}

function columnOf({ spec }: IncrementalStart): string {
  if (spec.kind === 'column') return spec.column;
  throw new TypeError('The job takes files');
}

/** Null: everything is new. */
function watermarkOf({ last, link }: IncrementalStart): (WatermarkValue & { readonly rows: number }) | null {
  if (link.full || last?.incremental.kind !== 'column') return null;
  const { to, columnType, rowsAtTo } = last.incremental;
  return { value: to, type: columnType, rows: rowsAtTo };
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
