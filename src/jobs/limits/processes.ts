import type { JobSpec } from '../../config/job-spec.ts';
import { machineLimits } from '../../core/machine/machine-limits.ts';

/** Child processes of a job: one per core where it does not say, as the container limits them. */
export function processesOf(spec: Pick<JobSpec, 'execution'>): number {
  return spec.execution.processes ?? machineLimits().cpus;
}
