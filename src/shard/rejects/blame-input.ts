import { systemErrorCode } from '../../core/errors.ts';
import { isDuckdbIoError } from '../../source/read-error.ts';
import type { ShardRows } from '../../source/shard-rows.ts';

/**
 * Writing a part reads the kept columns, and rejects all columns, for the first time: what is corrupt in
 * them is the input's fault. What the file system refuses is not.
 */
export async function blameInput<T>(rows: ShardRows, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw await blamed(rows, error);
  }
}

/** The error of a statement that reads the input and writes a file. */
export async function blamed(rows: ShardRows, error: unknown): Promise<unknown> {
  const isFileSystem = systemErrorCode(error) !== undefined || isDuckdbIoError(error);
  return isFileSystem ? error : rows.explain(error);
}
