import type { JobSpec } from '../../config/job-spec.ts';
import type { Clock, Log } from '../../core/effects.ts';
import type { Estimate, SampleCost } from '../../core/estimate.ts';
import type { Plan } from '../../core/plan.ts';
import { listRuns } from '../../runs/list/run-list.ts';
import { isCommitted, RUN_STATUSES } from '../../runs/list/run-status.ts';
import { host } from '../../runs/record/versions.ts';
import { processesOf } from '../limits/processes.ts';
import { estimateOfRuns, RUNS_COUNTED } from './estimate-of-runs.ts';
import { estimateOfSample } from './estimate-of-sample.ts';

/** Runs that are looked at; few of them may be like the one to come. */
const RUNS_READ = 4 * RUNS_COUNTED;

export interface EstimateRequest {
  readonly plan: Plan;
  readonly spec: Pick<JobSpec, 'execution'>;
  readonly folderOfJob: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Seconds since the command began. */
  readonly elapsed: number;
  /** Scores some rows in a worker; null: that is not worth it. */
  readonly sample: (() => Promise<SampleCost>) | null;
}

/** What a run will take: by the runs like it or, where there is none, by a sample. Null: neither can say. */
export async function estimateRun(request: EstimateRequest): Promise<Estimate | null> {
  const { plan, spec, folderOfJob, clock, elapsed, sample } = request;
  if (spec.execution.queue !== null) return null;
  const statuses = RUN_STATUSES.filter(isCommitted);
  const runs = await listRuns(folderOfJob, clock, { statuses, limit: RUNS_READ });
  const records = runs.flatMap(({ record }) => record ?? []);
  const known = estimateOfRuns(plan, records, host().cpus);
  if (known !== null || sample === null || plan.device.name !== 'cpu') return known;
  try {
    return estimateOfSample(plan, await sample(), { elapsed, processes: processesOf(spec) });
  } catch (error) {
    request.signal.throwIfAborted();
    // The shards will say it better.
    request.log.debug('a sample could not be scored', {
      error: error instanceof Error ? error.message : String(error),
    });
    return null;
  }
}
