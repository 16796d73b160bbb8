import type { Clock } from '../core/effects.ts';
import { ServeBatchError } from '../core/errors.ts';
import { keySide } from '../kv/canary.ts';
import type { GenerationInfo, KvStore, Shown } from '../kv/store.ts';
import { lostGenerationError } from '../kv/store-errors.ts';
import { type KeyTemplates, parseKeyTemplates } from './key-address.ts';

/** Two generations that keys are answered from: which one, a hash of the key says. */
export interface CanaryNote {
  readonly published: string;
  readonly canary: string;
  /** Of the keys, those of the canary: more than 0, less than 1. */
  readonly share: number;
}

/** A generation that readers see, and what is needed to read it. Immutable: one answer uses one view. */
export interface PublishedView {
  readonly generation: string;
  readonly info: GenerationInfo;
  readonly templates: KeyTemplates;
  /** Null where no canary runs: then this generation answers for all keys. */
  readonly canary: CanaryNote | null;
  /** Of the published generation: the canary beside it. */
  readonly beside: PublishedView | null;
}

/** The generation that a key, as the store has it, is answered from. */
export function viewOfKey(published: PublishedView, key: string): PublishedView {
  const { beside, canary } = published;
  if (beside === null || canary === null) return published;
  return keySide(key, canary.share) === 'canary' ? beside : published;
}

export interface PublishedViewsOptions {
  readonly store: KvStore;
  readonly job: string;
  readonly refreshMs: number;
  readonly clock: Clock;
}

/** Between pointer and information a generation may be replaced and dropped: then the pointer has moved. */
const LOOKS = 2;

/** Follows the pointer, and the canary beside it, looking at most every `refreshMs` milliseconds. */
export class PublishedViews {
  readonly #options: PublishedViewsOptions;
  #view: PublishedView | undefined;
  #lastSeen: string | undefined;
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
   * For somebody who missed a value in `view`: what is published now, where that is something else. Throws
   * `STORE_INCOMPLETE` where the value is missing because the whole published generation is gone.
   */
  async newerThan(view: PublishedView): Promise<PublishedView | undefined> {
    for (let look = 0; look < LOOKS; look++) {
      const now = await this.refresh();
      if (!isSame(now, view)) return now;
      const missing = await this.#missing(view);
      if (missing.length === 0) return undefined;
      // A canary that is lost is not read any more: all keys have their published prediction.
      this.#view = undefined;
    }
    throw this.#lost(view.generation);
  }

  /** The generations of a view that the store does not have any more. */
  async #missing({ generation, beside }: PublishedView): Promise<readonly string[]> {
    const missing: string[] = [];
    for (const each of beside === null ? [generation] : [generation, beside.generation])
      if ((await this.#options.store.info(each)) === undefined) missing.push(each);
    return missing;
  }

  async #read(): Promise<PublishedView> {
    const { refreshMs, clock } = this.#options;
    // Before the store is asked: what is published meanwhile must not count as seen.
    const askedAtMs = clock.monotonicMs();
    const view = await this.#look();
    this.#view = view;
    this.#lastSeen = view.generation;
    this.#staleAtMs = askedAtMs + refreshMs;
    return view;
  }

  async #look(): Promise<PublishedView> {
    const { store } = this.#options;
    let shown: Shown | undefined;
    for (let look = 0; look < LOOKS; look++) {
      shown = await store.shown();
      if (shown === undefined) break;
      if (this.#view !== undefined && isViewOf(this.#view, shown)) return this.#view;
      const view = await this.#viewOf(shown);
      if (view !== undefined) return view;
    }
    const lost = shown?.generation ?? this.#lastSeen;
    throw lost === undefined ? this.#nothingPublished() : this.#lost(lost);
  }

  async #viewOf({ generation, canary }: Shown): Promise<PublishedView | undefined> {
    const { store } = this.#options;
    const info = await store.info(generation);
    if (info === undefined) return undefined;
    const view = { generation, info, templates: parseKeyTemplates(info), canary: null, beside: null };
    const canaryInfo = canary === null ? undefined : await store.info(canary.generation);
    if (canary === null || canaryInfo === undefined) return view;
    const note = { published: generation, canary: canary.generation, share: canary.share };
    const beside = {
      ...{ generation: canary.generation, info: canaryInfo, templates: view.templates },
      ...{ canary: note, beside: null },
    };
    return { ...view, canary: note, beside };
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

function isSame(a: PublishedView, b: PublishedView): boolean {
  return (
    a.generation === b.generation &&
    a.canary?.canary === b.canary?.canary &&
    a.canary?.share === b.canary?.share
  );
}

function isViewOf(view: PublishedView, { generation, canary }: Shown): boolean {
  if (view.generation !== generation) return false;
  return view.canary?.canary === canary?.generation && view.canary?.share === canary?.share;
}
