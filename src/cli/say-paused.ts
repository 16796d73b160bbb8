import type { BoundJob, JobSpec } from '../config/job-spec.ts';
import type { Log } from '../core/effects.ts';
import { folderOfJob } from '../jobs/plan/locations.ts';
import { describePause, readPause } from '../schedule/pause.ts';

/** A pause holds up the schedule only: whoever runs the job by hand may not know of it, and is told. */
export async function sayPaused(spec: JobSpec | BoundJob, log: Log): Promise<void> {
  const pause = await readPause(folderOfJob(spec));
  if (pause === undefined) return;
  log.warn(`the schedule of ${spec.name} is ${describePause(pause)}; it runs, since you asked for it`);
}
