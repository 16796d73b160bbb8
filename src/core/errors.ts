/** The exit codes of the command line. Documented in docs/errors.md, which a test holds to this table. */
export const EXIT = {
  done: 0,
  unexpected: 1,
  usage: 2,
  inputOrModel: 3,
  notFound: 4,
  overLimit: 5,
  locked: 6,
  storeUnavailable: 7,
  sigint: 130,
  sigterm: 143,
} as const;

interface ErrorKind {
  readonly exitCode: number;
  /** Whether the same call may succeed a little later, with nothing changed by the user. */
  readonly retryable: boolean;
  /** One sentence for docs/errors.md. */
  readonly summary: string;
}

const kind = (exitCode: number, retryable: boolean, summary: string): ErrorKind => ({
  exitCode,
  retryable,
  summary,
});

/** Every error code there is. A code is stable: programs may compare it. */
export const ERROR_KINDS = {
  USAGE: kind(EXIT.usage, false, 'A flag, an argument or a combination of them cannot be used.'),
  JOB_FILE: kind(EXIT.usage, false, 'A job file is missing, cannot be read or has a wrong field.'),
  INPUT_NOT_FOUND: kind(EXIT.inputOrModel, false, 'No file matches an input path.'),
  INPUT_EMPTY: kind(EXIT.inputOrModel, false, 'The input has no bytes or no rows.'),
  INPUT_UNREADABLE: kind(
    EXIT.inputOrModel,
    false,
    'An input file is truncated, corrupt or not in the format of its name.',
  ),
  INPUT_MALFORMED_ROW: kind(
    EXIT.inputOrModel,
    false,
    'A row of a text file cannot be split into its columns.',
  ),
  INPUT_GRID: kind(
    EXIT.inputOrModel,
    false,
    'A dimension of input.grid has no values or no column, or input.filter is not a usable condition.',
  ),
  NOT_READY: kind(
    EXIT.inputOrModel,
    false,
    'What an occurrence waits for (schedule.waitFor, schedule.after) was not there by its deadline.',
  ),
  INPUT_CHANGED: kind(EXIT.inputOrModel, false, 'The input changed after the run was planned.'),
  SCHEMA_MISMATCH: kind(
    EXIT.inputOrModel,
    false,
    "The input's columns do not fit the model's inputs, the keys or the output.",
  ),
  FEATURES_SELECT: kind(
    EXIT.inputOrModel,
    false,
    'features.select is not a usable SELECT, or does not keep one row per input row.',
  ),
  DUPLICATE_ACTUALS: kind(
    EXIT.inputOrModel,
    false,
    'Rows of the actuals share key and date, so it is open which of them came true.',
  ),
  INVALID_ROW: kind(
    EXIT.inputOrModel,
    false,
    'A value of a row cannot be used and onInvalid is fail (the default).',
  ),
  MODEL_NOT_FOUND: kind(EXIT.inputOrModel, false, 'The model file does not exist.'),
  MODEL_UNREADABLE: kind(EXIT.inputOrModel, false, 'The model file is corrupt or cannot be loaded.'),
  MODEL_UNSUPPORTED: kind(
    EXIT.inputOrModel,
    false,
    'The model loads, but its inputs or outputs are of a kind that cannot be served.',
  ),
  MODEL_FAILED: kind(EXIT.inputOrModel, false, 'The model ended with an error while scoring.'),
  DEVICE_UNAVAILABLE: kind(
    EXIT.inputOrModel,
    false,
    'The device you asked for is not available here, or can compute nothing of this model.',
  ),
  DEVICE_FAILED: kind(
    EXIT.unexpected,
    false,
    'The device stopped answering, or has no memory for the smallest batch.',
  ),
  ENGINE_UNAVAILABLE: kind(
    EXIT.inputOrModel,
    false,
    'The engine you asked for cannot compute this model with the bits of ONNX Runtime.',
  ),
  VERSION_MISMATCH: kind(
    EXIT.inputOrModel,
    false,
    'Another version of serve-batch, ONNX Runtime or DuckDB planned the run: this one might compute other bytes.',
  ),
  NOT_FOUND: kind(EXIT.notFound, false, 'No prediction, run or published generation of that name exists.'),
  REJECTS_OVER_LIMIT: kind(EXIT.overLimit, false, 'More rows were rejected than onInvalid.max allows.'),
  NOTHING_SCORED: kind(
    EXIT.overLimit,
    false,
    'Every row was rejected, so the run has no predictions to publish.',
  ),
  COVERAGE_TOO_LOW: kind(
    EXIT.overLimit,
    false,
    'Less of a grid has a prediction than coverage.min asks for: the run is committed, but not published.',
  ),
  SHARDS_MISSING: kind(
    EXIT.overLimit,
    true,
    'Some shards of the run are not computed yet, so it cannot be finished.',
  ),
  GATE_FAILED: kind(
    EXIT.overLimit,
    false,
    'A gate of publish.gates does not hold: the run is committed, but not published.',
  ),
  RUNS_DIFFER: kind(EXIT.overLimit, false, 'Two runs that were compared differ by more than is allowed.'),
  DUPLICATE_KEYS: kind(
    EXIT.overLimit,
    false,
    'Rows share key and field, and kv.duplicates is error: the run is committed, but not published.',
  ),
  LOCKED: kind(EXIT.locked, true, 'Another process is running this job.'),
  FENCED: kind(EXIT.locked, false, 'Another process took over this job while this one was running.'),
  STORE_UNAVAILABLE: kind(EXIT.storeUnavailable, true, 'The key-value store does not answer.'),
  STORE_REFUSED: kind(
    EXIT.storeUnavailable,
    false,
    'The key-value store refuses the login, the command or the write.',
  ),
  STORE_INCOMPLETE: kind(
    EXIT.storeUnavailable,
    true,
    'The key-value store does not hold what was loaded into it.',
  ),
  QUEUE_UNAVAILABLE: kind(EXIT.storeUnavailable, true, "The queue's Redis does not answer."),
  QUEUE_REFUSED: kind(
    EXIT.storeUnavailable,
    false,
    "The queue's Redis refuses the login, or may drop what lies in the queue.",
  ),
  STORAGE_UNAVAILABLE: kind(
    EXIT.storeUnavailable,
    true,
    'An object storage (S3, GCS, Azure) does not answer.',
  ),
  STORAGE_REFUSED: kind(
    EXIT.storeUnavailable,
    false,
    'An object storage refuses the credentials or the request, or ignores conditional writes.',
  ),
  CREDENTIALS_EXPIRED: kind(
    EXIT.storeUnavailable,
    false,
    'The credentials for an object storage have expired.',
  ),
  BUCKET_NOT_FOUND: kind(EXIT.usage, false, 'The bucket or container of an address does not exist.'),
  PART_DAMAGED: kind(
    EXIT.unexpected,
    false,
    'A part of a run was removed or changed after it was written; nothing is published from it.',
  ),
  OUTPUT_UNWRITABLE: kind(EXIT.unexpected, false, 'A file of the output folder cannot be written.'),
  DISK_FULL: kind(EXIT.unexpected, false, 'The disk of the output folder is full.'),
  OUT_OF_MEMORY: kind(EXIT.unexpected, false, 'A query needs more memory than execution.memoryLimit allows.'),
  CHILD_DIED: kind(
    EXIT.unexpected,
    true,
    'A child process could not be started, or ended by a signal or without an answer.',
  ),
  LIVE_UNAVAILABLE: kind(
    EXIT.unexpected,
    true,
    'The published run cannot be asked live: its rows are not at hand, its input changed, its process fails, or it took too long.',
  ),
  LIVE_BUSY: kind(EXIT.unexpected, true, 'Too many questions wait for the live model.'),
  TIMED_OUT: kind(EXIT.unexpected, true, 'The run took longer than execution.timeout allows.'),
  SIGINT: kind(EXIT.sigint, false, 'The run was interrupted (Ctrl-C).'),
  SIGTERM: kind(EXIT.sigterm, false, 'The run was asked to end (SIGTERM).'),
  INTERNAL: kind(
    EXIT.unexpected,
    false,
    'Something happened that serve-batch did not expect: please report it.',
  ),
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof ERROR_KINDS;
export type ErrorFields = Readonly<Record<string, string | number | boolean | readonly string[]>>;

export interface ServeBatchErrorOptions {
  readonly cause?: unknown;
  /** What the message says, for programs: the shard, the row, the column, the file. */
  readonly fields?: ErrorFields;
  /** Overrides what the code says of retries. */
  readonly retryable?: boolean;
  /** Overrides the exit code: a failed shard ends the run with the exit code of what failed it. */
  readonly exitCode?: number;
}

/**
 * The one error class of serve-batch.
 *
 * A message names the thing, the bad value, what was expected and what to do. Anything else that is
 * thrown is a bug and leaves through {@link toServeBatchError} with code `INTERNAL`.
 */
export class ServeBatchError extends Error {
  override readonly name = 'ServeBatchError';
  readonly code: ErrorCode;
  readonly fields: ErrorFields;
  readonly retryable: boolean;
  readonly exitCode: number;

  constructor(code: ErrorCode, message: string, options: ServeBatchErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.fields = options.fields ?? {};
    this.retryable = options.retryable ?? ERROR_KINDS[code].retryable;
    this.exitCode = options.exitCode ?? ERROR_KINDS[code].exitCode;
  }
}

/** An error as it crosses a process boundary or stands in a JSON file. */
export interface SerializedError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly fields: ErrorFields;
  readonly retryable: boolean;
  readonly exitCode: number;
  readonly stack?: string;
}

export function serializeError(error: unknown): SerializedError {
  const known = toServeBatchError(error);
  const stack = known.cause instanceof Error ? known.cause.stack : known.stack;
  return {
    code: known.code,
    message: known.message,
    fields: known.fields,
    retryable: known.retryable,
    exitCode: known.exitCode,
    ...(stack === undefined ? {} : { stack }),
  };
}

export function deserializeError(data: SerializedError): ServeBatchError {
  const error = new ServeBatchError(data.code, data.message, {
    fields: data.fields,
    retryable: data.retryable,
    exitCode: data.exitCode,
  });
  if (data.stack !== undefined) error.stack = data.stack;
  return error;
}

const UNWRITABLE = new Set([
  'ENOENT',
  'EACCES',
  'EROFS',
  'EPERM',
  'ENOTDIR',
  'EEXIST',
  'EISDIR',
  'ENAMETOOLONG',
]);

/** Makes any thrown value a {@link ServeBatchError}; file-system errors get their own codes. */
export function toServeBatchError(error: unknown): ServeBatchError {
  if (error instanceof ServeBatchError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (isDiskFull(error)) {
    return new ServeBatchError(
      'DISK_FULL',
      `The disk is full: ${firstLine(message)}. Free some space and run the same command again: committed shards are kept.`,
      { cause: error },
    );
  }
  if (isOutOfMemory(error)) {
    return new ServeBatchError(
      'OUT_OF_MEMORY',
      `DuckDB needs more memory than it may use: ${firstLine(message)}. Raise execution.memoryLimit, or lower execution.shardRows.`,
      { cause: error },
    );
  }
  if (isUnusable(error)) {
    return new ServeBatchError(
      'OUTPUT_UNWRITABLE',
      `A file or folder cannot be used: ${message}. Check its name and permissions.`,
      { cause: error },
    );
  }
  return new ServeBatchError('INTERNAL', message, { cause: error });
}

/** DuckDB tells of what the system refuses in words alone. */
const REFUSED_TO_DUCKDB = /^IO Error: .*: (Read-only file system|Permission denied|Operation not permitted)/;

function isUnusable(error: unknown): boolean {
  const code = systemErrorCode(error);
  if (code !== undefined) return UNWRITABLE.has(code);
  return error instanceof Error && REFUSED_TO_DUCKDB.test(error.message);
}

/** The `code` of a Node system error (`ENOENT` and so on), if it is one. */
export function systemErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Whether a file-system, DuckDB or LMDB error says that there is no space left (or a quota is used up). */
export function isDiskFull(error: unknown): boolean {
  const code = systemErrorCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return true;
  return (
    error instanceof Error &&
    /no space left on device|disk quota exceeded|file too large/i.test(error.message)
  );
}

/** Whether DuckDB says that its memory limit was reached. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && /^Out of Memory Error/i.test(error.message);
}

export function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? text;
}
