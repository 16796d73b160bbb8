import { firstLine, isDiskFull, isOutOfMemory, ServeBatchError, toServeBatchError } from '../core/errors.ts';

/** Makes DuckDB's error about an input file one of ours. `what` names the file or files. */
export function readError(error: unknown, what: string): ServeBatchError {
  if (error instanceof ServeBatchError || isDiskFull(error) || isOutOfMemory(error))
    return toServeBatchError(error);
  const reason = duckdbReason(error);
  const [, encoding] = /does not support the encoding: "(.*)"/.exec(reason) ?? [];
  if (encoding !== undefined)
    return new ServeBatchError(
      'INPUT_UNREADABLE',
      `${what} cannot be read: input.csv.encoding is "${encoding}"; expected utf-8, utf-16 or latin-1. Convert other encodings first: iconv -f ${encoding} -t UTF-8.`,
      { cause: error, fields: { file: what } },
    );
  return new ServeBatchError(
    'INPUT_UNREADABLE',
    `${what} cannot be read: ${reason}. Expected a whole file of that format; check that the copy or the export is complete.`,
    { cause: error, fields: { file: what } },
  );
}

/** Whether DuckDB says that the file system refused an operation, rather than that content is wrong. */
export function isDuckdbIoError(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('IO Error');
}

/** DuckDB's first line without its class of error (`Invalid Input Error:`), and without the full stop or exclamation mark. */
export function duckdbReason(error: unknown): string {
  const text = firstLine(error instanceof Error ? error.message : String(error));
  return text.replace(/^(?:[A-Z][A-Za-z]* )*Error: /, '').replace(/[.!\s]+$/, '');
}
