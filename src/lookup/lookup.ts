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
  /** Milliseconds for which a newly published run may go unnoticed; 1000 by default. */
  readonly refreshMs?: number;
  readonly clock?: Clock;
}

/** The published generation, and the canary beside it. */
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
  /** Both runs that keys are answered from at present: `run` is the one that answers for this key. Left out: there is one. */
  readonly canary?: CanaryNote;
}

export interface Prediction extends Origin {
  readonly value: PredictionValue;
}

export interface Series extends Origin {
  /** By field (a date, mostly), sorted. */
  readonly values: ReadonlyMap<string, PredictionValue>;
}

/**
 * Answers user requests from the published run, or for the keys of a canary from its run. The answer for a key comes
 * from one run, also while another is being published. Every method throws `NOT_FOUND` while nothing is published, `USAGE` for columns that
 * do not fit the key, `STORE_INCOMPLETE` where the store has lost the published run, and `STORE_UNAVAILABLE` or
 * `STORE_REFUSED` where it fails.
 */
export interface Lookup {
  /** The prediction of a key, and of a field where the job has one; undefined where there is none. */
  get(columns: Columns): Promise<Prediction | undefined>;
  /** Many at once, in the order asked for, all from the same run, unless a canary is on: then each key from its own. */
  getMany(list: readonly Columns[]): Promise<readonly (Prediction | undefined)[]>;
  /** All fields of a key; undefined where there are none. Throws `USAGE` where the job has no field. */
  series(columns: Columns): Promise<Series | undefined>;
  /** What is published. */
  info(): Promise<PublishedInfo>;
  close(): Promise<void>;
}

/**
 * Opens a job's predictions for reading. Nothing is connected before the first question.
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
