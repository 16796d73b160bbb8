import { type Clock, systemClock } from '../core/effects.ts';
import { openStore } from '../kv/open-store.ts';
import type { GenerationInfo } from '../kv/store.ts';
import type { Columns } from './column-text.ts';
import { type PredictionValue, parseValue } from './parse-value.ts';
import { PublishedReader } from './published-reader.ts';
import type { CanaryNote, PublishedView } from './published-view.ts';

export interface LookupOptions {
  readonly job: string;
  /** `lmdb:PATH`, `redis://...`, `redis+cluster://...` or `redis+sentinel://...`; `rediss` for TLS. */
  readonly url: string;
  /** How long a newly published run may go unnoticed, in milliseconds. Default: 1000. */
  readonly refreshMs?: number;
  readonly clock?: Clock;
}

/** The published generation and, if there is one, the canary beside it. */
export type PublishedInfo = GenerationInfo & {
  readonly generation: string;
  readonly canary?: CanaryNote;
};

/** Where a prediction comes from. */
export interface Origin {
  readonly run: string;
  /** When the run was planned, ISO 8601. */
  readonly createdAt: string;
  /** File name of the model. */
  readonly model: string;
  /** While there is a canary: both runs that answer for keys. `run` is the one that answers for this key. */
  readonly canary?: CanaryNote;
}

export interface Prediction extends Origin {
  readonly value: PredictionValue;
}

export interface Series extends Origin {
  /** By field (usually a date), sorted. */
  readonly values: ReadonlyMap<string, PredictionValue>;
}

/**
 * Answers user requests from the published run or, for the keys of a canary, from the canary's run. The answer for a
 * key always comes from one run, even while another run is being published. Every method throws `NOT_FOUND` if nothing
 * is published, `USAGE` if the columns do not fit the key, `STORE_INCOMPLETE` if the store has lost the published run,
 * and `STORE_UNAVAILABLE` or `STORE_REFUSED` if the store fails.
 */
export interface Lookup {
  /** The prediction for a key (and a field, if the job has one), or undefined if there is none. */
  get(columns: Columns): Promise<Prediction | undefined>;
  /** Many predictions, in the order of the list. All come from one run or, while there is a canary, each key from its own. */
  getMany(list: readonly Columns[]): Promise<readonly (Prediction | undefined)[]>;
  /** All fields of a key, or undefined if there are none. Throws `USAGE` if the job has no field. */
  series(columns: Columns): Promise<Series | undefined>;
  /** What is published. */
  info(): Promise<PublishedInfo>;
  close(): Promise<void>;
}

/**
 * Opens a job's predictions for reading. It connects to the store at the first request.
 *
 * @example
 * const lookup = createLookup({ job: 'demand', url: 'redis://cache:6379' });
 * const found = await lookup.get({ store: 1, product: 2, date: '2026-11-21' });
 * console.log(found?.value);
 * await lookup.close();
 */
export function createLookup(options: LookupOptions): Lookup {
  const { job, url, refreshMs = 1000, clock = systemClock } = options;
  return new StoreLookup(new PublishedReader(openStore({ job, url, clock }), { job, refreshMs, clock }));
}

class StoreLookup implements Lookup {
  readonly #reader: PublishedReader;

  constructor(reader: PublishedReader) {
    this.#reader = reader;
  }

  async get(columns: Columns): Promise<Prediction | undefined> {
    const { view, found } = await this.#reader.get(columns);
    return predictionOf(found, view);
  }

  async getMany(list: readonly Columns[]): Promise<readonly (Prediction | undefined)[]> {
    const { views, found, view } = await this.#reader.getMany(list);
    return found.map((text, index) => predictionOf(text, views[index] ?? view));
  }

  async series(columns: Columns): Promise<Series | undefined> {
    const { view, found } = await this.#reader.series(columns);
    return found === undefined ? undefined : seriesOf(found, view);
  }

  async info(): Promise<PublishedInfo> {
    const { generation, info, canary } = await this.#reader.view();
    return { ...info, generation, ...(canary === null ? {} : { canary }) };
  }

  async close(): Promise<void> {
    await this.#reader.close();
  }
}

function predictionOf(text: string | undefined, view: PublishedView): Prediction | undefined {
  return text === undefined ? undefined : { value: parseValue(text, view.info), ...originOf(view) };
}

function seriesOf(texts: ReadonlyMap<string, string>, view: PublishedView): Series {
  const values = new Map<string, PredictionValue>();
  for (const [field, text] of texts) values.set(field, parseValue(text, view.info));
  return { values, ...originOf(view) };
}

function originOf({ info, canary }: PublishedView): Origin {
  const origin = { run: info.runId, createdAt: info.createdAt, model: info.model };
  return canary === null ? origin : { ...origin, canary };
}
