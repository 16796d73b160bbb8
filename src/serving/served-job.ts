import type { ServingSpec } from '../config/sections/serving.ts';
import type { Clock } from '../core/effects.ts';
import type { ServeBatchError } from '../core/errors.ts';
import type { Columns } from '../lookup/column-text.ts';
import {
  type Found,
  type FoundMany,
  type FoundText,
  type PublishedReader,
  wantsSeries,
} from '../lookup/published-reader.ts';
import type { PublishedView } from '../lookup/published-view.ts';
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

  constructor(options: ServedJobOptions) {
    const { name: job, clock, serving } = options;
    this.#options = options;
    this.#text = new AnswerText({ job, clock, maxAgeSeconds: serving.maxAgeSeconds });
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
  async one(columns: Columns): Promise<Answer> {
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
    if (found === undefined) throw await this.explain(view, columns);
    const known = { view, content: contentOf(found, view) };
    if (keeps) this.#last.set(questionOf(columns), known);
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
    const { view, views, found } = await this.#options.gate.run(() => this.#readMany(list));
    const items = found.map((each, index) => itemJson(each, views[index] ?? view)).join(',');
    const known = { view, content: `"predictions":[${items}]` };
    return { body: this.#text.body(known, 'stored'), source: 'stored', etag: this.#text.etagOfMany(view) };
  }

  /** Predictions as the store holds them, in the order asked for, as one publication left them. */
  texts(list: readonly Columns[]): Promise<FoundMany<string | undefined>> {
    return this.#options.gate.run(() => this.#options.reader.getMany(list));
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

function isExpected(error: unknown): error is ServeBatchError {
  return isStoreFailure(error) || (error instanceof Error && 'code' in error && error.code === 'NOT_FOUND');
}
