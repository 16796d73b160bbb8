/** The effects of the code on the outside world, injected so that tests can replace them. */
export interface Effects {
  readonly clock: Clock;
  readonly log: Log;
  readonly progress: Progress;
}

export interface Clock {
  now(): Date;
  /** Milliseconds from any fixed instant; never goes backwards. */
  monotonicMs(): number;
}

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** A failure that is not tried again automatically. */
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** What a run is doing, in the words shown to the user. */
export type Stage =
  | 'plan'
  | 'stage input'
  | 'score'
  | 'check gates'
  | 'load store'
  | 'verify'
  | 'commit'
  | 'publish';

export interface ProgressUpdate {
  readonly stage: Stage;
  readonly runId?: string;
  /** Rows scored by this process so far; rows of reused shards are in `rowsReused`. */
  readonly rowsDone?: number;
  readonly rowsReused?: number;
  readonly rowsTotal?: number;
  readonly shardsDone?: number;
  readonly shardsTotal?: number;
  readonly rejects?: number;
  /** Workers that take shards from a queue. */
  readonly workers?: number;
}

export interface Progress {
  /** Called many times a second, so it must be cheap. Omitted fields keep their values. */
  update(update: ProgressUpdate): void;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};

export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
export const silentProgress: Progress = { update() {} };
