import type { BoundJob } from '../../config/job-spec.ts';
import type { IncrementalSpec } from '../../config/sections/incremental.ts';
import type { Effects } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { type ChainLink, windowName } from '../../core/incremental.ts';
import type { ExtendedRun } from '../../core/plan.ts';
import type { SourceFile } from '../../core/table.ts';
import { readTakenFiles } from '../../runs/incremental/taken-files.ts';
import { findLastTakenRun, type TakenRun } from '../../runs/incremental/watermark.ts';
import { runPaths } from '../../runs/layout.ts';
import type { PlanIndex } from '../../runs/list/plan-index.ts';
import type { RunSummary } from '../../runs/list/run-summary.ts';
import { fingerprintInput } from '../../source/files/fingerprint.ts';
import { chooseNewFiles, type NewFiles } from '../../source/incremental/new-files.ts';
import type { IdentifiedRun } from '../plan/identify-run.ts';
import { findExtended } from './extended-run.ts';
import { findUnfinishedWindow } from './find-unfinished-window.ts';

/** Where a run starts in an input that grows; known before the input is read. */
export interface IncrementalStart {
  readonly spec: IncrementalSpec;
  readonly link: ChainLink;
  /** The run that has the watermark. */
  readonly last: TakenRun | null;
  /** The run whose generation in the store this one goes on from; null: it begins empty. */
  readonly extended: ExtendedRun | null;
  /** All files that are taken by now; empty for a column. */
  readonly takenFiles: readonly SourceFile[];
  /** Where the run before says which rows within the lateness are taken, if it does; null: there is none to ask. */
  readonly takenRows: string | null;
  /** Which files there are; null for a column. */
  readonly files: NewFiles | null;
  /** With the window in its identity and, of files, those alone that are new. */
  readonly identified: IdentifiedRun;
  /** The run to go on with: one that is committed and not published, or one that is unfinished. */
  readonly earlier: RunSummary | undefined;
}

export interface StartRequest {
  readonly spec: BoundJob;
  readonly identified: IdentifiedRun;
  readonly folderOfJob: string;
  readonly index: PlanIndex;
  /** Take everything, whatever was taken before. */
  readonly full: boolean;
  readonly effects: Effects;
}

/**
 * Reads the watermark, and finds what is to be done above it. Null for a job that takes its whole input.
 * The caller holds the lock: nobody else moves the watermark. Throws `USAGE` where the watermark is of
 * another kind than the job asks for.
 */
export async function startIncremental(request: StartRequest): Promise<IncrementalStart | null> {
  const { spec: job, folderOfJob, index, full, effects } = request;
  const spec = job.input.incremental;
  if (spec === null) {
    if (!full) return null;
    throw new ServeBatchError(
      'USAGE',
      `--full is given, but the job ${job.name} has no input.incremental: it takes the whole input anyway. Leave it out; --force runs anew.`,
    );
  }
  const last = await findLastTakenRun(folderOfJob, index, effects.clock);
  if (last !== null && !full) assertSameKind(job.name, spec, last);
  const link = {
    sequence: (last?.incremental.sequence ?? 0) + 1,
    after: last?.summary.runId ?? null,
    full,
  };
  const takenFiles =
    spec.kind === 'files' && last?.incremental.kind === 'files' && !full
      ? await readTakenFiles(runPaths(folderOfJob, last.summary.runId))
      : [];
  const files =
    spec.kind === 'files'
      ? chooseNewFiles(request.identified.source.sources, takenFiles, {
          now: effects.clock.now(),
          settleSeconds: spec.settleSeconds,
        })
      : null;
  const takenRows = last === null || full ? null : runPaths(folderOfJob, last.summary.runId).takenRows;
  const extended = await findExtended(job, folderOfJob, link);
  const identified = await withWindow(request.identified, files, windowName(link, extended));
  const unpublished = last?.summary.status === 'committed' && !full ? last.summary : undefined;
  const earlier = unpublished ?? (await findUnfinishedWindow(folderOfJob, index, identified.identity));
  return { spec, link, last, extended, takenFiles, takenRows, files, identified, earlier };
}

async function withWindow(
  identified: IdentifiedRun,
  files: NewFiles | null,
  window: string,
): Promise<IdentifiedRun> {
  const source = files === null ? identified.source : await fingerprintInput(files.fresh);
  const identity = { ...identified.identity, inputFingerprint: source.fingerprint, window };
  return { ...identified, source, identity };
}

function assertSameKind(job: string, spec: IncrementalSpec, { incremental, summary }: TakenRun): void {
  const before = incremental.kind === 'column' ? `rows by the column "${incremental.column}"` : 'files';
  const now = spec.kind === 'column' ? `rows by the column "${spec.column}"` : 'files';
  if (before.toLowerCase() === now.toLowerCase()) return;
  throw new ServeBatchError(
    'USAGE',
    `The job ${job} takes ${now}; its last run ${summary.runId} took ${before}, which does not say what is new now. Take everything once with --full.`,
    { fields: { runId: summary.runId } },
  );
}
