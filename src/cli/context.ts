import type { Secrets } from '../core/text/secrets.ts';
import type { WorkerSource } from '../tasks/workers.ts';

/** What a command may touch of the process it runs in; tests hand in others. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadableStream;
  /** Results: text for people, or JSON. */
  readonly out: (text: string) => void;
  /** As `out`, for text that holds colours, where all else in it is made visible already; left out: no colours. */
  readonly outColoured?: (text: string) => void;
  /** Characters of a line of `out`; left out: it is not a terminal. */
  readonly width?: number;
  /** Everything else: progress, logs, warnings, errors. */
  readonly err: (text: string) => void;
  /** Whether `err` is a terminal that a person looks at. */
  readonly isTerminal: boolean;
  /** Aborted where everything has to end at once. */
  readonly signal: AbortSignal;
  /** Aborted where nothing new should begin. */
  readonly drain: AbortSignal;
  /** For commands that can end in order: so long `signal` waits after `drain`. */
  readonly allowGrace: (seconds: number) => void;
  /** Masked in all that is printed. */
  readonly secrets: Secrets;
  /** Who touches rows and models. */
  readonly workers: WorkerSource;
}
