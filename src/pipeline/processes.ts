import { availableParallelism } from 'node:os';
import type { JobSpec } from '../config/job-spec.ts';

/** Child processes of a job: one per core where it does not say. */
export function processesOf(spec: Pick<JobSpec, 'execution'>): number {
  return spec.execution.processes ?? availableParallelism();
}
