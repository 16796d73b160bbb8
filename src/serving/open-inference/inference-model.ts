import { ServeBatchError } from '../../core/errors.ts';
import type { PublishedView } from '../../lookup/published-view.ts';
import type { LiveAnswer } from '../../shard/live/live-question.ts';
import type { JobState, ServedJob } from '../served-job.ts';
import type { ServedJobs } from '../served-jobs.ts';
import type { InferRequest } from './infer-request.ts';
import { LiveModelOfJob } from './live-model-of-job.ts';
import type { TensorMetadata } from './model-tensors.ts';
import { StoredModelOfJob } from './stored-model-of-job.ts';

/** What became of the rows of a request, in their order. */
export interface AnsweredRows {
  /** The published generation. */
  readonly view: PublishedView;
  /** Of each row, the generation that answered. */
  readonly views: readonly PublishedView[];
  readonly answers: readonly LiveAnswer[];
  /** Why a row has no answer. */
  explain(row: number): Promise<string>;
}

/** One model of the protocol: the stored predictions of a job, or its live model. */
export interface InferenceModel {
  readonly name: string;
  readonly job: ServedJob;
  readonly source: 'stored' | 'live';
  inputs(view: PublishedView): Promise<readonly TensorMetadata[]>;
  /** Throws `USAGE` for tensors that do not fit, and as the store and the live model do. */
  rows(request: InferRequest, view: PublishedView, mostRows: number): Promise<AnsweredRows>;
  /** Whether it can be answered for, beyond what is so of the job. */
  isReady(state: JobState): boolean;
}

/** What a live model's name ends with. No job in a job file has a dot in its name. */
const LIVE = '.live';

/**
 * Does something with the model of a name, `JOB` or `JOB.live`. Throws `NOT_FOUND` for a job that is not served, or not
 * answered live.
 */
export function useModel<T>(
  jobs: ServedJobs,
  name: string,
  action: (model: InferenceModel) => Promise<T>,
): Promise<T> {
  const isLive = name.endsWith(LIVE) && !jobs.jobs.some((job) => job.name === name);
  if (!isLive) return jobs.use(name, (job) => action(new StoredModelOfJob(job)));
  return jobs.use(name.slice(0, -LIVE.length), (job) => {
    if (job.liveJob !== null) return action(new LiveModelOfJob(name, job));
    throw new ServeBatchError(
      'NOT_FOUND',
      `The job ${job.name} has no live model. That takes serving.live: true in its job file.`,
      { fields: { field: 'model' } },
    );
  });
}
