import type { Clock } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { KvStore } from '../kv/store.ts';
import type { Columns } from './column-text.ts';
import { type KeyAddress, predictionAddress, seriesKey } from './key-address.ts';
import { type PublishedView, PublishedViews, viewOfKey } from './published-view.ts';

/** What the store holds of a key, as text, and the generation that it comes from. */
export interface Found<T> {
  readonly view: PublishedView;
  readonly found: T;
}

/** What the store holds of many keys, in the order asked for: all as one publication left it. */
export interface FoundMany<T> {
  /** The published generation. */
  readonly view: PublishedView;
  readonly found: readonly T[];
  /** Of each key, the generation that it comes from: the published one, or a canary's. */
  readonly views: readonly PublishedView[];
}

/** A value, or the fields and values of a series, as the store holds them. */
export type FoundText = string | ReadonlyMap<string, string>;

export interface PublishedReaderOptions {
  readonly job: string;
  readonly refreshMs: number;
  readonly clock: Clock;
}

/**
 * Reads the texts of what is published. The answer for a key comes from one generation, also while another is being
 * published; many keys are answered as one publication left them.
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
    return this.#answer<FoundText>((view) =>
      wantsSeries(view, columns) ? this.#seriesOf(view, columns) : this.#oneOf(view, columns),
    );
  }

  /**
   * As {@link get}, where there is a prediction that takes no waiting: undefined says nothing. Most requests for one key
   * find theirs so, and promises would cost more than the reading.
   */
  getAtOnce(columns: Columns): Found<string> | undefined {
    const published = this.#views.fresh;
    if (published === undefined || this.#store.getAtOnce === undefined) return undefined;
    if (wantsSeries(published, columns)) return undefined;
    const { key, field } = predictionAddress(published.templates, columns);
    const view = viewOfKey(published, key);
    const found = this.#store.getAtOnce(view.generation, key, field);
    return found === undefined ? undefined : { view, found };
  }

  get(columns: Columns): Promise<Found<string | undefined>> {
    return this.#answer((view) => this.#oneOf(view, columns));
  }

  getMany(list: readonly Columns[]): Promise<FoundMany<string | undefined>> {
    return this.#answerMany(async (view) => {
      const addresses = list.map((columns) => predictionAddress(view.templates, columns));
      const views = addresses.map(({ key }) => viewOfKey(view, key));
      return { view, views, found: await this.#readAll(addresses, views) };
    });
  }

  /** All fields of a key, sorted. Throws `USAGE` where the job has no field. */
  series(columns: Columns): Promise<Found<ReadonlyMap<string, string> | undefined>> {
    return this.#answer((view) => this.#seriesOf(view, columns));
  }

  seriesMany(list: readonly Columns[]): Promise<FoundMany<ReadonlyMap<string, string> | undefined>> {
    return this.#answerMany(async (view) => {
      const all = await Promise.all(list.map((columns) => this.#seriesOf(view, columns)));
      return { view, views: all.map((each) => each.view), found: all.map(({ found }) => found) };
    });
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  #answer<T>(read: (view: PublishedView) => Promise<Found<T | undefined>>): Promise<Found<T | undefined>> {
    return this.#unlessReplaced(read, ({ found }) => found !== undefined);
  }

  #answerMany<T>(
    read: (view: PublishedView) => Promise<FoundMany<T | undefined>>,
  ): Promise<FoundMany<T | undefined>> {
    return this.#unlessReplaced(read, ({ found }) => !found.includes(undefined));
  }

  /** A miss may mean that the generation was replaced and dropped: then what is published now is asked. */
  async #unlessReplaced<T>(
    read: (view: PublishedView) => Promise<T>,
    isComplete: (answer: T) => boolean,
  ): Promise<T> {
    let view = this.#views.fresh ?? (await this.#views.refresh());
    for (;;) {
      const answer = await read(view);
      const newer = isComplete(answer) ? undefined : await this.#views.newerThan(view);
      if (newer === undefined) return answer;
      view = newer;
    }
  }

  async #oneOf(published: PublishedView, columns: Columns): Promise<Found<string | undefined>> {
    const { key, field } = predictionAddress(published.templates, columns);
    const view = viewOfKey(published, key);
    return { view, found: await this.#store.get(view.generation, key, field) };
  }

  async #seriesOf(
    published: PublishedView,
    columns: Columns,
  ): Promise<Found<ReadonlyMap<string, string> | undefined>> {
    if (published.info.field === null) throw noField(published);
    const key = seriesKey(published.templates, columns);
    const view = viewOfKey(published, key);
    return { view, found: await this.#store.getSeries(view.generation, key) };
  }

  /** One question for each generation that any of the keys is of. */
  async #readAll(
    addresses: readonly KeyAddress[],
    views: readonly PublishedView[],
  ): Promise<readonly (string | undefined)[]> {
    const generations = new Set(views.map(({ generation }) => generation));
    const found = new Map<KeyAddress, string | undefined>();
    for (const generation of generations) {
      const asked = addresses.filter((_, index) => views[index]?.generation === generation);
      const texts = await this.#store.getMany(generation, asked);
      if (generations.size === 1) return texts;
      for (const [index, address] of asked.entries()) found.set(address, texts[index]);
    }
    return addresses.map((address) => found.get(address));
  }
}

/** The generation that answers for a key: the published one, or a canary's. Throws `USAGE` for columns that do not fit. */
export function viewOfColumns(view: PublishedView, columns: Columns): PublishedView {
  return view.beside === null ? view : viewOfKey(view, predictionAddress(view.templates, columns).key);
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
