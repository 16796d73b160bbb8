import type { ServingSpec } from '../config/sections/serving.ts';
import type { Clock } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { Columns } from '../lookup/column-text.ts';
import {
  type Found,
  type FoundMany,
  type FoundText,
  type PublishedReader,
  viewOfColumns,
  wantsSeries,
} from '../lookup/published-reader.ts';
import type { PublishedView } from '../lookup/published-view.ts';
import type { Cells } from '../shard/live/live-question.ts';
import {
  type Age,
  type AnswerSource,
  AnswerText,
  contentOf,
  itemJson,
  type KnownAnswer,
} from './answer-text.ts';
import type { FlipFeed } from './events/flip-feed.ts';
import type { GenerationBefore } from './generation-before.ts';
import type { KeyDictionary } from './key-dictionary.ts';
import { LastAnswers } from './last-answers.ts';
import { type KeyAnswer, LiveAnswers, valueText } from './live/live-answers.ts';
import type { LiveJob } from './live/live-model.ts';
import { normalisedColumns } from './live/normalise-text.ts';
import { isStoreFailure, type StoreGate } from './store-gate.ts';

/** Answers kept for the time when the store is away: some hundred bytes each. */
const MOST_LAST_ANSWERS = 10_000;

export interface ServedJobOptions {
  readonly name: string;
  readonly serving: ServingSpec;
  readonly reader: PublishedReader;
  readonly gate: StoreGate;
  readonly dictionary: KeyDictionary;
  readonly flips: FlipFeed;
  readonly before: GenerationBefore;
  readonly clock: Clock;
  /** Left out: only stored predictions are given. */
  readonly live?: LiveJob;
}

export interface Answer {
  /** JSON. */
  readonly body: string;
  readonly source: AnswerSource;
  /** Null: the answer must not be kept. */
  readonly etag: string | null;
}

/** How a job is doing. */
export interface JobState {
  readonly job: string;
  /** Null where nothing is published, or the store does not say. */
  readonly view: PublishedView | null;
  readonly age: Age | null;
  /** Why it has no answers. */
  readonly failure: ServeBatchError | null;
}

/** One job, as requests ask for it: the answer for a key comes from one generation. */
export class ServedJob {
  readonly #options: ServedJobOptions;
  readonly #text: AnswerText;
  readonly #last = new LastAnswers<KnownAnswer>(MOST_LAST_ANSWERS);
  readonly #live: LiveAnswers | null;

  constructor(options: ServedJobOptions) {
    const { name: job, clock, serving, live } = options;
    this.#options = options;
    this.#text = new AnswerText({ job, clock, maxAgeSeconds: serving.maxAgeSeconds });
    this.#live =
      live === undefined
        ? null
        : new LiveAnswers({
            model: live,
            when: serving.live?.when ?? [],
            queue: serving.live?.queue ?? 1,
            isStale: (view) => this.age(view).isStale,
            mayExist: async (view, columns) => isEveryPartKnown(await this.explain(view, columns)),
          });
  }

  get name(): string {
    return this.#options.name;
  }

  /** Each time that another run is published. */
  get flips(): FlipFeed {
    return this.#options.flips;
  }

  /** What readers saw before the published generation. */
  get before(): GenerationBefore {
    return this.#options.before;
  }

  get lastAnswers(): number {
    return this.#last.size;
  }

  /** The generation that answers come from. Throws as {@link PublishedReader} does. */
  view(): Promise<PublishedView> {
    return this.#options.gate.run(() => this.#options.reader.view());
  }

  etag(view: PublishedView): string {
    return this.#text.etag(view);
  }

  /**
   * The prediction of a key; without the columns of its field, the series. Throws `USAGE` for columns that do
   * not fit, `NOT_FOUND`, and `STORE_UNAVAILABLE` or `STORE_REFUSED`.
   */
  async one(given: Columns): Promise<Answer> {
    const columns = this.normalised(given);
    const keeps = this.#options.serving.onStoreDown === 'last-known';
    let answer: Found<FoundText | undefined>;
    try {
      answer = await this.find(columns);
    } catch (error) {
      const known = keeps && isStoreFailure(error) ? this.#last.get(questionOf(columns)) : undefined;
      if (known === undefined) throw error;
      return { body: this.#text.body(known, 'previous'), source: 'previous', etag: null };
    }
    const { view, found } = answer;
    const live = await this.#liveInstead(view, columns, found);
    if (live !== null) return live;
    if (found === undefined) throw await this.explain(view, columns);
    return this.#stored(view, columns, found);
  }

  /**
   * As {@link one}, where the store has the prediction and takes no waiting; null: ask {@link one}. Throws as the store
   * does, and `USAGE`.
   */
  oneAtOnce(given: Columns): Answer | null {
    const { gate, reader, live } = this.#options;
    if (gate.failure !== undefined) return null;
    const columns = this.normalised(given);
    const answer = reader.getAtOnce(columns);
    if (answer === undefined || this.#live?.mayReplace(answer.view) === true) return null;
    live?.see(answer.view);
    return this.#stored(answer.view, columns, answer.found);
  }

  #stored(view: PublishedView, columns: Columns, found: FoundText): Answer {
    const known = { view, content: contentOf(found, view) };
    if (this.#options.serving.onStoreDown === 'last-known') this.#last.set(questionOf(columns), known);
    return { body: this.#text.body(known, 'stored'), source: 'stored', etag: this.etag(view) };
  }

  /** As {@link one}, as the store holds it; undefined: the key has no prediction. */
  find(columns: Columns): Promise<Found<FoundText | undefined>> {
    return this.#options.gate.run(() => this.#options.reader.find(columns));
  }

  /**
   * Many keys, in the order asked for, as one publication left them: predictions, or series where the field is left
   * out.
   */
  async many(list: readonly Columns[]): Promise<Answer> {
    const asked = list.map((columns) => this.normalised(columns));
    const { view, views, found } = await this.#options.gate.run(() => this.#readMany(asked));
    const viewOf = (index: number): PublishedView => views[index] ?? view;
    if (this.#live === null) {
      const items = found.map((each, index) => itemJson(each, viewOf(index)));
      return this.#manyAnswer(view, items, 'stored');
    }
    const answers = await this.#live.complete(
      asked.map((columns, index) => ({ view: viewOf(index), columns, found: found[index] })),
    );
    const items = answers.map((answer, index) => keyJson(answer, viewOf(index)));
    const isLive = answers.some(({ source }) => source === 'live' || source === 'failed');
    return this.#manyAnswer(view, items, isLive ? 'live' : 'stored');
  }

  /** Many keys whose rows have other values in some columns. Throws `USAGE` where the job is not answered live. */
  async whatIf(list: readonly Columns[], changed: Cells): Promise<Answer> {
    const { live } = this;
    const asked = list.map((columns) => this.normalised(columns));
    const view = await this.view();
    const keys = asked.map((columns) => ({ view: viewOfColumns(view, columns), columns, changed }));
    const answers = await live.answers.ask(keys);
    const items = answers.map((answer, index) =>
      itemJson(valueText(answer), keys[index]?.view ?? view, true),
    );
    return this.#manyAnswer(view, items, 'live');
  }

  /** The live model. Throws `USAGE` where the job is not answered live. */
  get live(): { readonly model: LiveJob; readonly answers: LiveAnswers } {
    const { live } = this.#options;
    if (live !== undefined && this.#live !== null) return { model: live, answers: this.#live };
    throw new ServeBatchError(
      'USAGE',
      `The job ${this.name} is not answered live. That takes serving.live: true in its job file.`,
    );
  }

  /** What is counted of live answers; null: the job is not answered live. */
  get liveJob(): LiveJob | null {
    return this.#options.live ?? null;
  }

  #manyAnswer(view: PublishedView, items: readonly string[], source: 'stored' | 'live'): Answer {
    const known = { view, content: `"predictions":[${items.join(',')}]` };
    const etag = source === 'live' ? null : this.#text.etagOfMany(view);
    return { body: this.#text.body(known, source), source, etag };
  }

  /** Null: the store's answer stands. Throws `LIVE_UNAVAILABLE` or `LIVE_BUSY` where it has none. */
  async #liveInstead(
    view: PublishedView,
    columns: Columns,
    found: FoundText | undefined,
  ): Promise<Answer | null> {
    if (this.#live === null || (found === undefined && wantsSeries(view, columns))) return null;
    this.#options.live?.see(view);
    const [answer] = await this.#live.complete([{ view, columns, found }]);
    if (answer?.source === 'failed') throw answer.error;
    if (answer?.source !== 'live') return null;
    const known = { view, content: contentOf(answer.found, view) };
    return { body: this.#text.body(known, 'live'), source: 'live', etag: null };
  }

  /** The columns as requests are looked up by them. */
  normalised(columns: Columns): Columns {
    return normalisedColumns(columns, this.#options.serving.normalise);
  }

  /** Predictions as the store holds them, in the order asked for, as one publication left them. */
  texts(list: readonly Columns[]): Promise<FoundMany<string | undefined>> {
    const asked = list.map((columns) => this.normalised(columns));
    return this.#options.gate.run(() => this.#options.reader.getMany(asked));
  }

  age(view: PublishedView): Age {
    return this.#text.age(view);
  }

  /** Why a key has no prediction. */
  explain({ info }: PublishedView, columns: Columns): Promise<ServeBatchError> {
    return this.#options.dictionary.explain({ job: this.name, info, columns });
  }

  /** Never throws for a store that fails: that is what it tells. */
  async state(): Promise<JobState> {
    try {
      const view = await this.view();
      this.#options.live?.see(view);
      return { job: this.name, view, age: this.#text.age(view), failure: null };
    } catch (error) {
      if (!isExpected(error)) throw error;
      return { job: this.name, view: null, age: null, failure: error };
    }
  }

  async #readMany(list: readonly Columns[]): Promise<FoundMany<FoundText | undefined>> {
    const { reader } = this.#options;
    const view = await reader.view();
    return list.length > 0 && list.every((columns) => wantsSeries(view, columns))
      ? reader.seriesMany(list)
      : reader.getMany(list);
  }
}

/** The same for the same columns in any order. */
function questionOf(columns: Columns): string {
  return JSON.stringify(Object.entries(columns).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One of many, where the job is answered live, too. */
function keyJson(answer: KeyAnswer, view: PublishedView): string {
  switch (answer.source) {
    case 'none':
      return itemJson(undefined, view);
    case 'failed':
      return `{"found":false,"error":${JSON.stringify({ code: answer.error.code, message: answer.error.message })}}`;
    default:
      return itemJson(answer.found, view, answer.source === 'live');
  }
}

function isEveryPartKnown({ fields }: ServeBatchError): boolean {
  return !Array.isArray(fields.unknown) || fields.unknown.length === 0;
}

function isExpected(error: unknown): error is ServeBatchError {
  return isStoreFailure(error) || (error instanceof Error && 'code' in error && error.code === 'NOT_FOUND');
}
