import { viewOfColumns } from '../../lookup/published-reader.ts';
import type { PublishedView } from '../../lookup/published-view.ts';
import type { JobState, ServedJob } from '../served-job.ts';
import type { InferRequest } from './infer-request.ts';
import type { AnsweredRows, InferenceModel } from './inference-model.ts';
import { type LiveRows, liveTensors, readLiveInputs } from './live-inputs.ts';
import { inputsOf, type TensorMetadata } from './model-tensors.ts';

/** Features, columns of the input, or keys in; what the published run's own model says of them out. */
export class LiveModelOfJob implements InferenceModel {
  readonly source = 'live';
  readonly name: string;
  readonly job: ServedJob;

  constructor(name: string, job: ServedJob) {
    this.name = name;
    this.job = job;
  }

  async inputs(view: PublishedView): Promise<readonly TensorMetadata[]> {
    return liveTensors(await this.job.live.model.columns(view));
  }

  async rows({ inputs }: InferRequest, view: PublishedView, mostRows: number): Promise<AnsweredRows> {
    const live = await this.job.live.model.columns(view);
    const asked = readLiveInputs(inputs, { keys: inputsOf(view), live, mostRows });
    return asked.kind === 'rows' ? this.#posted(asked, view) : this.#ofKeys(asked, view);
  }

  isReady({ view }: JobState): boolean {
    return view !== null && this.job.live.model.isReady(view);
  }

  async #posted({ rows }: Extract<LiveRows, { kind: 'rows' }>, view: PublishedView): Promise<AnsweredRows> {
    const answers = await this.job.live.model.rows(view, rows);
    return { view, views: rows.map(() => view), answers, explain: async () => '' };
  }

  async #ofKeys({ keys }: Extract<LiveRows, { kind: 'keys' }>, view: PublishedView): Promise<AnsweredRows> {
    const asked = keys.map(({ columns: given, changed }) => {
      const columns = this.job.normalised(given);
      return { columns, changed, view: viewOfColumns(view, columns) };
    });
    return {
      view,
      views: asked.map((each) => each.view),
      answers: await this.job.live.answers.ask(asked),
      explain: async (row) => (await this.job.explain(view, keys[row]?.columns ?? {})).message,
    };
  }
}
