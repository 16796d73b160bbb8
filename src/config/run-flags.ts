import type { EngineChoice } from '../core/engine.ts';
import type { DeviceChoice } from '../core/machine/device.ts';
import type { BatchSize } from '../core/plan.ts';

/** What the command line (or its environment variables) says of a run. What is left out, the job says. */
export interface RunFlags {
  readonly inputs?: readonly string[];
  readonly model?: string;
  readonly output?: string;
  /** The address of a store, or `none`. */
  readonly kv?: string;
  readonly processes?: number;
  readonly shardRows?: number;
  readonly batchSize?: BatchSize;
  readonly device?: DeviceChoice;
  readonly engine?: EngineChoice;
  /** The address of a queue's Redis, or `none`. */
  readonly queue?: string;
  /** Columns (`['store', 'product']`), or one template with braces. */
  readonly key?: readonly string[];
  readonly field?: readonly string[];
  /** Columns of the model's matrix, in order. */
  readonly features?: readonly string[];
  /** Input columns kept beside the predictions; `['*']`: all. */
  readonly outputColumns?: readonly string[];
  /** What an output of several values a row becomes. */
  readonly vectors?: 'list' | 'columns';
  /** The scheduled instant that the run is for: a date, a local time of the job's time zone, or an instant. */
  readonly occurrence?: string;
  /** `name=value` of parameters. */
  readonly params?: readonly string[];
  /** `fail`, `reject`, `reject:100` or `reject:1%`. */
  readonly onInvalid?: string;
}
