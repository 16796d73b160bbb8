import { ServeBatchError, systemErrorCode } from '../core/errors.ts';

/** What is known of a child that ended. */
export interface ChildEnd {
  readonly pid: number | undefined;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child that ended before it answered. */
export function diedError({ pid, code, signal }: ChildEnd): ServeBatchError {
  const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
  return new ServeBatchError(
    'CHILD_DIED',
    `The child process ${pid ?? ''} ${how} before it answered.${hintOf(signal)}`,
    {
      fields: { ...(signal === null ? {} : { signal }), ...(code === null ? {} : { exitCode: code }) },
    },
  );
}

function hintOf(signal: NodeJS.Signals | null): string {
  if (signal === 'SIGKILL')
    return ' The system may have run out of memory: lower --processes or --shard-rows.';
  if (signal === 'SIGBUS')
    return ' The disk that holds the store or the output folder may be full, or a file was cut while it was read.';
  const isCrash = signal === 'SIGSEGV' || signal === 'SIGABRT' || signal === 'SIGILL' || signal === 'SIGFPE';
  return isCrash ? ' The model or the input crashed native code.' : '';
}

/** A child that could not be started at all. */
export function startError(cause: unknown): ServeBatchError {
  const code = systemErrorCode(cause);
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ServeBatchError(
    'CHILD_DIED',
    `A child process could not be started: ${why}.${START_HINTS[code ?? ''] ?? ''}`,
    { cause, fields: code === undefined ? {} : { systemCode: code } },
  );
}

const START_HINTS: Readonly<Record<string, string>> = {
  EAGAIN: ' The system allows no more processes: raise its limit (ulimit -u, pids), or lower --processes.',
  EMFILE: ' Too many files are open: raise the limit (ulimit -n), or lower --processes.',
  ENFILE: ' The system has too many files open.',
  ENOMEM: ' The system has too little memory: lower --processes.',
  ENOENT: ` Is Node still at ${process.execPath}?`,
};
