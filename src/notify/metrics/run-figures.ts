import type { Clock } from '../../core/effects.ts';
import { runPaths } from '../../runs/layout.ts';
import { listRuns } from '../../runs/list/run-list.ts';
import { isCommitted } from '../../runs/list/run-status.ts';
import { type RunSummary, readJobState, readRunSummary } from '../../runs/list/run-summary.ts';
import { showJobAnew } from '../../runs/mirror/show-job.ts';

/** What the run records of a job say, for those who watch it. */
export interface RunFigures {
  readonly job: string;
  /** The newest run that was completed; undefined before the first. */
  readonly lastCommitted: RunSummary | undefined;
  /** The run that readers see. */
  readonly published: RunSummary | undefined;
  /** The newest run, whatever became of it. Candidates are left out, here and above. */
  readonly newest: RunSummary | undefined;
}

/** Runs that are looked at for the newest that was completed: as many may have failed since. */
const LOOKED_AT = 50;

/** Reads what the output folder says now: the same after kills, retries and rollbacks as `runs ls` shows. */
export async function readRunFigures(folderOfJob: string, job: string, clock: Clock): Promise<RunFigures> {
  await showJobAnew(folderOfJob, { newest: LOOKED_AT });
  const runs = await listRuns(folderOfJob, clock, { limit: LOOKED_AT });
  const state = await readJobState(folderOfJob, clock);
  const listed = runs.find(({ runId }) => runId === state.current);
  return {
    job,
    lastCommitted: runs.find(
      ({ status, record, isCandidate }) => isCommitted(status) && record !== undefined && !isCandidate,
    ),
    published:
      listed ??
      (state.current === undefined
        ? undefined
        : await readRunSummary(runPaths(folderOfJob, state.current), state)),
    newest: runs.find(({ isCandidate }) => !isCandidate),
  };
}
