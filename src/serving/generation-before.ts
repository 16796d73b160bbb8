import { ServeBatchError } from '../core/errors.ts';
import type { GenerationInfo, KvStore } from '../kv/store.ts';
import type { Columns } from '../lookup/column-text.ts';
import { parseKeyTemplates, predictionAddress, seriesKey } from '../lookup/key-address.ts';
import { type Found, type FoundText, wantsSeries } from '../lookup/published-reader.ts';
import type { PublishedView } from '../lookup/published-view.ts';
import { lastPublished } from '../runs/list/published-runs.ts';
import type { StoreGate } from './store-gate.ts';

export interface GenerationBeforeOptions {
  readonly store: Pick<KvStore, 'generations' | 'info' | 'get' | 'getSeries'>;
  readonly gate: StoreGate;
  /** Its runs say which generations readers saw; they need not be at hand. */
  readonly folderOfJob: string;
}

/** Reads from the generation that readers saw before the published one, as long as the store keeps it. */
export class GenerationBefore {
  readonly #options: GenerationBeforeOptions;

  constructor(options: GenerationBeforeOptions) {
    this.#options = options;
  }

  /**
   * What it has for a key; null: there is no such generation, or its keys have other columns. Throws as the
   * store does.
   */
  find(view: PublishedView, columns: Columns): Promise<Found<FoundText | undefined> | null> {
    return this.#options.gate.run(async () => {
      const before = await this.#viewBefore(view);
      return before === null ? null : this.#read(before, columns);
    });
  }

  async #viewBefore({ generation, info }: PublishedView): Promise<PublishedView | null> {
    const { store, folderOfJob } = this.#options;
    const kept = (await store.generations()).filter((each) => each !== generation);
    const [, seen] = await lastPublished(folderOfJob, kept, { current: generation, count: 2 });
    return seen === undefined ? this.#newestBefore(kept, info) : this.#viewOf(seen);
  }

  /** Without the folder of the runs: one that was planned earlier can have been published earlier. */
  async #newestBefore(generations: readonly string[], than: GenerationInfo): Promise<PublishedView | null> {
    const views = await Promise.all(generations.map((each) => this.#viewOf(each)));
    const older = views.filter((view) => view !== null && view.info.createdAt < than.createdAt);
    return older.sort((a, b) => ((a?.info.createdAt ?? '') < (b?.info.createdAt ?? '') ? 1 : -1))[0] ?? null;
  }

  async #viewOf(generation: string): Promise<PublishedView | null> {
    const info = await this.#options.store.info(generation);
    if (info === undefined) return null;
    return { generation, info, templates: parseKeyTemplates(info), canary: null, beside: null };
  }

  async #read(view: PublishedView, columns: Columns): Promise<Found<FoundText | undefined> | null> {
    const { store } = this.#options;
    const { generation, templates } = view;
    try {
      if (wantsSeries(view, columns))
        return { view, found: await store.getSeries(generation, seriesKey(templates, columns)) };
      const { key, field } = predictionAddress(templates, columns);
      return { view, found: await store.get(generation, key, field) };
    } catch (error) {
      if (error instanceof ServeBatchError && error.code === 'USAGE') return null;
      throw error;
    }
  }
}
