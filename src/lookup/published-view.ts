import type { Clock } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { GenerationInfo, KvStore } from '../kv/store.ts';
import { lostGenerationError } from '../kv/store-errors.ts';
import { type KeyTemplates, parseKeyTemplates } from './key-address.ts';

/** The generation that readers see, and what is needed to read it. Immutable: one answer uses one view. */
export interface PublishedView {
  readonly generation: string;
  readonly info: GenerationInfo;
  readonly templates: KeyTemplates;
}

export interface PublishedViewsOptions {
  readonly store: KvStore;
  readonly job: string;
  readonly refreshMs: number;
  readonly clock: Clock;
}

/** Between pointer and information a generation may be replaced and dropped: then the pointer has moved. */
const LOOKS = 2;

/** Follows the pointer, looking at it at most every `refreshMs` milliseconds. */
export class PublishedViews {
  readonly #options: PublishedViewsOptions;
  #view: PublishedView | undefined;
  #staleAtMs = Number.NEGATIVE_INFINITY;
  #refreshing: Promise<PublishedView> | undefined;

  constructor(options: PublishedViewsOptions) {
    this.#options = options;
  }

  /** The view, where it is young enough: without waiting, as most reads find it. */
  get fresh(): PublishedView | undefined {
    return this.#options.clock.monotonicMs() < this.#staleAtMs ? this.#view : undefined;
  }

  /**
   * Looks at the pointer now. Callers at the same time share one look. Throws `NOT_FOUND` where nothing is
   * published, and `STORE_INCOMPLETE` where the store has lost what was.
   */
  refresh(): Promise<PublishedView> {
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /**
   * For somebody who missed a value in `view`: the view of another generation, where one has been published since.
   * Throws `STORE_INCOMPLETE` where the value is missing because the whole generation is gone.
   */
  async newerThan(view: PublishedView): Promise<PublishedView | undefined> {
    for (let look = 0; look < LOOKS; look++) {
      const now = await this.refresh();
      if (now.generation !== view.generation) return now;
      if ((await this.#options.store.info(view.generation)) !== undefined) return undefined;
    }
    throw this.#lost(view.generation);
  }

  async #read(): Promise<PublishedView> {
    const { refreshMs, clock } = this.#options;
    // Before the store is asked: what is published meanwhile must not count as seen.
    const askedAtMs = clock.monotonicMs();
    const view = await this.#look();
    this.#view = view;
    this.#staleAtMs = askedAtMs + refreshMs;
    return view;
  }

  async #look(): Promise<PublishedView> {
    const { store } = this.#options;
    let generation: string | undefined;
    for (let look = 0; look < LOOKS; look++) {
      generation = await store.current();
      if (generation === undefined) break;
      if (generation === this.#view?.generation) return this.#view;
      const info = await store.info(generation);
      if (info !== undefined) return { generation, info, templates: parseKeyTemplates(info) };
    }
    const lost = generation ?? this.#view?.generation;
    throw lost === undefined ? this.#nothingPublished() : this.#lost(lost);
  }

  #lost(generation: string): ServeBatchError {
    const { job, store } = this.#options;
    return lostGenerationError(job, generation, store.url);
  }

  #nothingPublished(): ServeBatchError {
    const { job, store } = this.#options;
    return new ServeBatchError(
      'NOT_FOUND',
      `Nothing is published for job "${job}" in ${store.url}. Run it with "serve-batch run ${job}", or publish an earlier run with "serve-batch publish RUN".`,
      { fields: { job, url: store.url } },
    );
  }
}
