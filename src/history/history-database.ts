import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineLimits } from '../core/machine/machine-limits.ts';
import { Database } from '../source/duckdb/database.ts';

/** A bound, not a need: DuckDB spills to the disk beyond it. */
const MEMORY_LIMIT = '1GB';

/** Opens a DuckDB in this process, hands it to `use`, and leaves nothing behind. */
export async function withDatabase<T>(
  signal: AbortSignal,
  use: (database: Database) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const temporaryFolder = await mkdtemp(join(tmpdir(), 'serve-batch-query-'));
  // A reader that has seen enough (`| head`) ends the process within a query.
  const remove = (): void => rmSync(temporaryFolder, { recursive: true, force: true });
  process.once('exit', remove);
  try {
    const threads = machineLimits().cpus;
    const database = await Database.open({ threads, memoryLimit: MEMORY_LIMIT, temporaryFolder });
    const interrupt = (): void => database.connection.interrupt();
    signal.addEventListener('abort', interrupt);
    try {
      return await use(database);
    } catch (error) {
      // DuckDB only says that it was interrupted; the signal says why.
      signal.throwIfAborted();
      throw error;
    } finally {
      signal.removeEventListener('abort', interrupt);
      database.close();
    }
  } finally {
    process.off('exit', remove);
    remove();
  }
}
