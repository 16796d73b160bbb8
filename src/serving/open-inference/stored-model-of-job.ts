import type { PublishedView } from '../../lookup/published-view.ts';
import type { ServedJob } from '../served-job.ts';
import type { InferRequest } from './infer-request.ts';
import type { AnsweredRows, InferenceModel } from './inference-model.ts';
import { inputsOf, type TensorMetadata } from './model-tensors.ts';
import { readInputs } from './read-inputs.ts';

/** Key columns in, what the store has for them out. */
export class StoredModelOfJob implements InferenceModel {
  readonly source = 'stored';
  readonly job: ServedJob;

  constructor(job: ServedJob) {
    this.job = job;
  }

  get name(): string {
    return this.job.name;
  }

  async inputs(view: PublishedView): Promise<readonly TensorMetadata[]> {
    return inputsOf(view);
  }

  async rows({ inputs }: InferRequest, asked: PublishedView, mostRows: number): Promise<AnsweredRows> {
    const keys = readInputs(inputs, inputsOf(asked), mostRows);
    const { view, views, found } = await this.job.texts(keys);
    return {
      view,
      views,
      answers: found.map((text) => (text === undefined ? { kind: 'unknown' } : { kind: 'value', text })),
      explain: async (row) => (await this.job.explain(view, keys[row] ?? {})).message,
    };
  }

  isReady(): boolean {
    return true;
  }
}
