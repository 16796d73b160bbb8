import type { LiveSpec } from '../../config/sections/live.ts';
import type { NormaliseStep } from '../../config/sections/serving.ts';
import type { Clock } from '../../core/effects.ts';
import { ServeBatchError } from '../../core/errors.ts';
import { memoryLimitOf } from '../../jobs/limits/memory-limit.ts';
import type { Columns } from '../../lookup/column-text.ts';
import { askedColumns } from '../../lookup/explain-miss.ts';
import { predictionAddress } from '../../lookup/key-address.ts';
import type { PublishedView } from '../../lookup/published-view.ts';
import type { Cells, LiveAnswer } from '../../shard/live/live-question.ts';
import type { RowsBody } from '../../shard/live/posted-bodies.ts';
import type { LiveColumns, RunReference } from '../../tasks/tasks.ts';
import type { OwnedWorkers, StartWorkers } from '../../tasks/workers.ts';
import { inSlices } from './in-slices.ts';
import { LiveFigures } from './live-figures.ts';
import { LiveGeneration } from './live-generation.ts';
import { normalisedCells } from './normalise-text.ts';
import { type ScoredRow, ScoredRows } from './scored-rows.ts';

/**
 * The published run's own features and model, asked for single keys and rows. Every method throws
 * `LIVE_UNAVAILABLE` and `LIVE_BUSY`; each answer is of the generation of `view`.
 */
export interface LiveModel {
  /** The columns of the input, and those that the model takes. */
  columns(view: PublishedView): Promise<LiveColumns>;
  /**
   * The value of a key. Throws `USAGE` for columns that do not fit the key.
   * @param changed columns of the input, or of `features.select`, that have other values than in the row of the key
   */
  key(view: PublishedView, columns: Columns, changed?: Cells): Promise<LiveAnswer>;
  /** The values of rows of the input, or of the model's features, in their order. */
  rows(view: PublishedView, rows: readonly Cells[]): Promise<readonly LiveAnswer[]>;
  /** The same of many rows, in pieces as they are scored. Throws `USAGE` for a body that cannot be read. */
  post(view: PublishedView, body: RowsBody): Promise<AsyncIterable<readonly ScoredRow[]>>;
}

export interface LiveJobOptions {
  readonly folderOfJob: string;
  readonly live: LiveSpec;
  readonly normalise: Readonly<Record<string, readonly NormaliseStep[]>>;
  readonly startWorkers: StartWorkers;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Told the seconds of each call. */
  readonly onCall?: (seconds: number) => void;
  /** Told why a call failed. */
  readonly onFailure?: (error: ServeBatchError) => void;
}

/** Generations that are open at once: the published one, the one before it, a canary. */
const MOST_OPEN = 3;

/** Bodies of rows that are scored at once: their tables stand in memory. */
const MOST_BODIES = 4;

interface Open {
  readonly keys: LiveGeneration;
  readonly run: RunReference;
  /** Rows that are posted have a process of their own, so that keys do not wait for them. Null: none was posted. */
  rows: { readonly workers: OwnedWorkers; users: number } | null;
}

export class LiveJob implements LiveModel {
  readonly figures: LiveFigures;
  readonly #options: LiveJobOptions;
  /** By generation, the last that was asked at the end. */
  readonly #open = new Map<string, Open>();

  constructor(options: LiveJobOptions) {
    this.#options = options;
    this.figures = new LiveFigures(options.onCall);
  }

  get waiting(): number {
    return [...this.#open.values()].reduce((sum, { keys }) => sum + keys.waiting, 0);
  }

  get isOpen(): boolean {
    return [...this.#open.values()].some(({ keys }) => keys.isOpen);
  }

  /** Whether the process of the generation has started, and can be asked. */
  isReady({ generation }: PublishedView): boolean {
    return this.#open.get(generation)?.keys.isReady === true;
  }

  /** A generation that was just noticed: its process starts, so that its first question need not wait for it. */
  see(view: PublishedView): void {
    if (!this.#open.has(view.generation)) void this.#of(view).keys.warmUp();
  }

  columns(view: PublishedView): Promise<LiveColumns> {
    return this.#of(view).keys.columns();
  }

  async key(view: PublishedView, columns: Columns, changed: Cells = {}): Promise<LiveAnswer> {
    const { key, field } = predictionAddress(view.templates, columns);
    const texts = askedColumns({ info: view.info, columns: spelt(view, columns) });
    const cells = normalisedCells(changed, this.#options.normalise);
    return this.#of(view).keys.ask({ kind: 'key', key, field, columns: texts, changed: cells });
  }

  async rows(view: PublishedView, rows: readonly Cells[]): Promise<readonly LiveAnswer[]> {
    const { keys } = this.#of(view);
    const { normalise, live } = this.#options;
    return inSlices(rows, live.queue, (cells) =>
      keys.ask({ kind: 'row', cells: normalisedCells(cells, normalise) }),
    );
  }

  async post(view: PublishedView, body: RowsBody): Promise<AsyncIterable<readonly ScoredRow[]>> {
    const open = this.#of(view);
    const rows = this.#rowsOf(open);
    if (rows.users >= MOST_BODIES)
      throw new ServeBatchError(
        'LIVE_BUSY',
        `${MOST_BODIES} bodies of rows are being scored already. Post again in a moment.`,
      );
    const posted = new ScoredRows({
      workers: rows.workers,
      run: open.run,
      onStart: () => rows.users++,
      onEnd: () => rows.users--,
    });
    return posted.open(body);
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(all.map(closeOpen));
  }

  #of({ generation, info }: PublishedView): Open {
    const known = this.#open.get(generation);
    const open = known ?? this.#start(info.runId);
    this.#open.delete(generation);
    this.#open.set(generation, open);
    this.#retire();
    return open;
  }

  #start(runId: string): Open {
    const { live, clock, onFailure = () => {} } = this.#options;
    const run = { runId, memoryLimit: memoryLimitOf({ execution: live }) };
    const workers = this.#workers();
    return {
      keys: new LiveGeneration({ run, workers, live, clock, figures: this.figures, onFailure }),
      run,
      rows: null,
    };
  }

  #rowsOf(open: Open): NonNullable<Open['rows']> {
    open.rows ??= { workers: this.#workers(), users: 0 };
    return open.rows;
  }

  #workers(): OwnedWorkers {
    const { startWorkers, folderOfJob, signal } = this.#options;
    return startWorkers({ size: 1, place: { folder: folderOfJob, storeUrl: null }, signal });
  }

  /** Those that nobody asks any more end; one that is still being asked goes with a later flip. */
  #retire(): void {
    for (const [generation, open] of [...this.#open].slice(0, -1)) {
      if (this.#open.size <= MOST_OPEN) return;
      if (!open.keys.isIdle || (open.rows?.users ?? 0) > 0) continue;
      this.#open.delete(generation);
      void closeOpen(open);
    }
  }
}

async function closeOpen({ keys, rows }: Open): Promise<void> {
  await Promise.all([keys.close(), rows?.workers.close()]);
}

/** The columns as the key spells them: upper and lower case do not matter. */
function spelt({ templates }: PublishedView, columns: Columns): Columns {
  const names = [...templates.key.columns, ...(templates.field?.columns ?? [])];
  const own = (name: string): string =>
    names.find((each) => each === name) ??
    names.find((each) => each.toLowerCase() === name.toLowerCase()) ??
    name;
  return Object.fromEntries(Object.entries(columns).map(([name, value]) => [own(name), value]));
}
