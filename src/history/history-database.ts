import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineLimits } from '../core/machine-limits.ts';
import { escapePattern, quoteText } from '../core/sql.ts';
import { Database } from '../source/database.ts';

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

/**
 * From here on the database reads files of these folders, writes the one file that is named, and nothing
 * else: no other files, no extensions, no network, and no setting that would change it.
 */
export async function lockDown(
  database: Database,
  folders: readonly string[],
  writable: string | null,
): Promise<void> {
  const texts = (paths: readonly string[]): string => `[${paths.map(quoteText).join(', ')}]`;
  // DuckDB compares the path as it stands in the SQL first, where brackets and stars are escaped.
  await database.run(`SET allowed_directories = ${texts([...folders, ...folders.map(escapePattern)])}`);
  await database.run(`SET allowed_paths = ${texts(writable === null ? [] : [writable])}`);
  await database.run('SET enable_external_access = false');
  await database.run('SET lock_configuration = true');
}
