import type { Clock } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { KvStore } from '../kv/store.ts';
import type { Columns } from './column-text.ts';
import { predictionAddress, seriesKey } from './key-address.ts';
import { type PublishedView, PublishedViews } from './published-view.ts';

/** What the store holds, as text, and the generation that all of it comes from. */
export interface Found<T> {
  readonly view: PublishedView;
  readonly found: T;
}

/** A value, or the fields and values of a series, as the store holds them. */
export type FoundText = string | ReadonlyMap<string, string>;

export interface PublishedReaderOptions {
  readonly job: string;
  readonly refreshMs: number;
  readonly clock: Clock;
}

/**
 * Reads the texts of the published generation. Each answer comes from one generation, also while another
 * is being published.
 */
export class PublishedReader {
  readonly #store: KvStore;
  readonly #views: PublishedViews;

  constructor(store: KvStore, options: PublishedReaderOptions) {
    this.#store = store;
    this.#views = new PublishedViews({ store, ...options });
  }

  /** What is published, at most `refreshMs` old. Throws `NOT_FOUND`. */
  async view(): Promise<PublishedView> {
    return this.#views.fresh ?? this.#views.refresh();
  }

  /** The prediction of a key; without the columns of its field, the series. */
  find(columns: Columns): Promise<Found<FoundText | undefined>> {
    return this.#answer<FoundText | undefined>(
      (view) => (wantsSeries(view, columns) ? this.#seriesOf(view, columns) : this.#oneOf(view, columns)),
      (found) => found !== undefined,
    );
  }

  get(columns: Columns): Promise<Found<string | undefined>> {
    return this.#answer(
      (view) => this.#oneOf(view, columns),
      (found) => found !== undefined,
    );
  }

  getMany(list: readonly Columns[]): Promise<Found<readonly (string | undefined)[]>> {
    return this.#answer(
      ({ generation, templates }) =>
        this.#store.getMany(
          generation,
          list.map((columns) => predictionAddress(templates, columns)),
        ),
      (found) => !found.includes(undefined),
    );
  }

  /** All fields of a key, sorted. Throws `USAGE` where the job has no field. */
  series(columns: Columns): Promise<Found<ReadonlyMap<string, string> | undefined>> {
    return this.#answer(
      (view) => this.#seriesOf(view, columns),
      (found) => found !== undefined,
    );
  }

  seriesMany(list: readonly Columns[]): Promise<Found<readonly (ReadonlyMap<string, string> | undefined)[]>> {
    return this.#answer(
      (view) => Promise.all(list.map((columns) => this.#seriesOf(view, columns))),
      (found) => !found.includes(undefined),
    );
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  /** A miss may mean that the generation was replaced and dropped: then the newer one is asked. */
  async #answer<T>(
    read: (view: PublishedView) => Promise<T>,
    isComplete: (found: T) => boolean,
  ): Promise<Found<T>> {
    let view = this.#views.fresh ?? (await this.#views.refresh());
    for (;;) {
      const found = await read(view);
      const newer = isComplete(found) ? undefined : await this.#views.newerThan(view);
      if (newer === undefined) return { view, found };
      view = newer;
    }
  }

  #oneOf({ generation, templates }: PublishedView, columns: Columns): Promise<string | undefined> {
    const { key, field } = predictionAddress(templates, columns);
    return this.#store.get(generation, key, field);
  }

  async #seriesOf(view: PublishedView, columns: Columns): Promise<ReadonlyMap<string, string> | undefined> {
    if (view.info.field === null) throw noField(view);
    return this.#store.getSeries(view.generation, seriesKey(view.templates, columns));
  }
}

/** Whether the columns leave the field out, where there is one. */
export function wantsSeries({ templates }: PublishedView, columns: Columns): boolean {
  return templates.field !== null && !templates.field.columns.some((name) => Object.hasOwn(columns, name));
}

function noField({ info }: PublishedView): ServeBatchError {
  return new ServeBatchError(
    'USAGE',
    `Run ${info.runId} has one value a key ("${info.key}") and no field, so it has no series. Ask for the prediction itself.`,
    { fields: { runId: info.runId } },
  );
}
