import { setTimeout as wait } from 'node:timers/promises';
import type { Clock } from '../../../core/effects.ts';
import { type LogLine, MOST_LINES, RunFollower, type RunProgress } from './run-follower.ts';

export interface ProgressListener {
  /** @param isWhole whether the lines are all that there are, rather than those since the last time */
  readonly tell: (progress: RunProgress, isWhole: boolean) => void;
  /** The run has ended. */
  readonly end: () => void;
}

export interface ProgressFeedsOptions {
  readonly clock: Clock;
  readonly everyMs: number;
}

interface Feed {
  readonly follower: RunFollower;
  readonly listeners: Set<ProgressListener>;
  lines: readonly LogLine[];
  watching: Promise<void> | undefined;
}

function newFeed(follower: RunFollower): Feed {
  return { follower, listeners: new Set(), lines: [], watching: undefined };
}

/** Tells browsers how runs at work go on: however many look at a run, its files are read once for all. */
export class ProgressFeeds {
  readonly #options: ProgressFeedsOptions;
  readonly #feeds = new Map<string, Feed>();
  readonly #closed = new AbortController();

  constructor(options: ProgressFeedsOptions) {
    this.#options = options;
  }

  /** Tells the state, and then what changes, until the function that it returns is called. */
  async follow(folderOfJob: string, runId: string, listener: ProgressListener): Promise<() => void> {
    const key = `${folderOfJob}\n${runId}`;
    const feed = this.#feeds.get(key) ?? newFeed(new RunFollower(folderOfJob, runId, this.#options.clock));
    this.#feeds.set(key, feed);
    try {
      const now = await this.#look(feed);
      listener.tell({ ...now, lines: feed.lines }, true);
      if (now.isAtWork) {
        feed.listeners.add(listener);
        feed.watching ??= this.#watch(key, feed);
      } else listener.end();
    } finally {
      if (feed.watching === undefined) this.#forget(key, feed);
    }
    return () => feed.listeners.delete(listener);
  }

  close(): void {
    this.#closed.abort();
  }

  async #watch(key: string, feed: Feed): Promise<void> {
    try {
      while (feed.listeners.size > 0) {
        await wait(this.#options.everyMs, undefined, { signal: this.#closed.signal, ref: false });
        if (!(await this.#look(feed)).isAtWork) break;
      }
    } catch {
      // Files that cannot be read: the page says what is wrong when it is loaded again. Or the server ends: then
      // the streams do, and browsers come back to the next one.
    }
    feed.watching = undefined;
    this.#forget(key, feed);
    if (this.#closed.signal.aborted) return;
    for (const { end } of feed.listeners) end();
  }

  #forget(key: string, feed: Feed): void {
    if (this.#feeds.get(key) === feed) this.#feeds.delete(key);
  }

  async #look(feed: Feed): Promise<RunProgress> {
    const progress = await feed.follower.look();
    feed.lines = [...feed.lines, ...progress.lines].slice(-MOST_LINES);
    for (const { tell } of feed.listeners) tell(progress, false);
    return progress;
  }
}
