import type { Clock } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import type { GenerationInfo, KvStore } from '../kv/store.ts';
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

  /** Looks at the pointer now. Callers at the same time share one look. Throws `NOT_FOUND`. */
  refresh(): Promise<PublishedView> {
    this.#refreshing ??= this.#read().finally(() => {
      this.#refreshing = undefined;
    });
    return this.#refreshing;
  }

  /** The view of another generation than `view`'s, where one has been published since. */
  async newerThan(view: PublishedView): Promise<PublishedView | undefined> {
    const now = await this.refresh();
    return now.generation === view.generation ? undefined : now;
  }

  async #read(): Promise<PublishedView> {
    const { refreshMs, clock } = this.#options;
    // Before the store is asked: what is published meanwhile must not count as seen.
    const askedAtMs = clock.monotonicMs();
    // Between pointer and information the generation may be replaced and dropped: then the pointer has moved.
    const view = (await this.#look()) ?? (await this.#look());
    if (view === undefined) throw this.#nothingPublished();
    this.#view = view;
    this.#staleAtMs = askedAtMs + refreshMs;
    return view;
  }

  async #look(): Promise<PublishedView | undefined> {
    const { store } = this.#options;
    const generation = await store.current();
    if (generation === undefined) return undefined;
    if (generation === this.#view?.generation) return this.#view;
    const info = await store.info(generation);
    return info === undefined ? undefined : { generation, info, templates: parseKeyTemplates(info) };
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
