import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ServeBatchError } from '../../core/errors.ts';
import { makeFolder } from '../../core/files/durable-file.ts';
import type { SourceFile } from '../../core/table.ts';
import { quoteFile } from '../../core/text/sql.ts';
import { isStorageAddress } from '../../storage/storage-address.ts';
import type { Database } from '../duckdb/database.ts';
import { CHUNK_COLUMNS, type ColumnChunk, columnChunks, extentsFor } from './column-chunks.ts';
import { SparseFile } from './sparse-file.ts';

/** What shards read may lie here until there is more of it than this. */
const KEPT_BYTES = 256 * 1024 * 1024;
/** Objects that are read at the same time. */
const AT_ONCE = 16;

export interface WantedRows {
  readonly rowStart: number;
  readonly rowEnd: number;
  readonly columns: readonly string[];
}

interface Spooled {
  readonly file: SparseFile;
  chunks: readonly ColumnChunk[] | null;
  /** Others than the shard at hand read it, too: it stays. */
  isKept: boolean;
}

/**
 * Local copies of objects, for one database: DuckDB reads files only. Of Parquet they hold the footer and what was
 * asked for. They lie in the database's temporary folder, which goes when its process ends, or with the next run.
 */
export class Spool {
  readonly #database: Database;
  readonly #files = new Map<string, Promise<Spooled>>();
  readonly #addresses = new Map<string, string>();

  constructor(database: Database) {
    this.#database = database;
  }

  /** The files to read for sources, with footers, and as much more as `how` says; other files as they are. */
  async local(sources: readonly SourceFile[], how: 'footers' | 'whole'): Promise<readonly SourceFile[]> {
    const local: SourceFile[] = [];
    for (let at = 0; at < sources.length; at += AT_ONCE)
      local.push(
        ...(await Promise.all(sources.slice(at, at + AT_ONCE).map((each) => this.#local(each, how)))),
      );
    return local;
  }

  async #local(source: SourceFile, how: 'footers' | 'whole'): Promise<SourceFile> {
    if (!isStorageAddress(source.path)) return source;
    const spooled = await this.#open(source);
    if (how === 'whole') {
      spooled.isKept = true;
      await spooled.file.needAll();
    }
    return { ...source, path: spooled.file.path };
  }

  /** Reads rows and columns of a Parquet object that is here. @param isKept as long as the database lasts */
  async need(source: SourceFile, wanted: WantedRows, isKept: boolean): Promise<void> {
    if (!isStorageAddress(source.path)) return;
    const spooled = await this.#open(source);
    spooled.isKept ||= isKept;
    spooled.chunks ??= await this.#chunksOf(spooled.file);
    await spooled.file.need(extentsFor(spooled.chunks, wanted));
  }

  /** Before a shard reads: what earlier ones have read goes where it has become much. */
  async makeRoom(): Promise<void> {
    const spooled = await Promise.all(this.#files.values());
    const loose = spooled.filter(({ isKept }) => !isKept);
    if (loose.reduce((sum, { file }) => sum + file.bytes, 0) <= KEPT_BYTES) return;
    for (const { file } of loose) if (file.bytes > 0) await file.clear();
  }

  /** Removes copies that nobody reads again. */
  async forget(sources: readonly SourceFile[]): Promise<void> {
    for (const source of sources) {
      const id = idOf(source);
      const spooled = await this.#files.get(id);
      this.#files.delete(id);
      if (spooled !== undefined) await rm(spooled.file.path, { force: true });
    }
  }

  /** The local copies that were made, and what they are copies of. */
  copies(): readonly (readonly [path: string, address: string])[] {
    return [...this.#addresses];
  }

  /** A text in which the names of local copies stand for what they are copies of. */
  withAddresses(text: string): string {
    let found = text;
    for (const [path, address] of this.#addresses) found = found.replaceAll(path, address);
    return found;
  }

  /** Does something with local copies; errors name what they are copies of. */
  async naming<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.named(error);
    }
  }

  named(error: unknown): unknown {
    if (this.#addresses.size === 0 || !(error instanceof Error)) return error;
    const message = this.withAddresses(error.message);
    if (message === error.message) return error;
    if (!(error instanceof ServeBatchError)) return new Error(message, { cause: error });
    const fields = Object.entries(error.fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? this.withAddresses(value) : value,
    ]);
    const { code, retryable, exitCode } = error;
    return new ServeBatchError(code, message, {
      cause: error,
      fields: Object.fromEntries(fields),
      retryable,
      exitCode,
    });
  }

  #open(source: SourceFile): Promise<Spooled> {
    const id = idOf(source);
    const opened = this.#files.get(id) ?? this.#make(source);
    this.#files.set(id, opened);
    // One that failed is tried again by whoever asks next.
    opened.catch(() => this.#files.delete(id));
    return opened;
  }

  async #make(source: SourceFile): Promise<Spooled> {
    const folder = join(this.#database.temporaryFolder, 'spool');
    await makeFolder(folder);
    const path = join(folder, `${hashOf(source)}${endingOf(source.path)}`);
    this.#addresses.set(path, source.path);
    return { file: await SparseFile.open(source, path), chunks: null, isKept: false };
  }

  async #chunksOf({ path }: SparseFile): Promise<readonly ColumnChunk[]> {
    return columnChunks(
      await this.#database.rows(
        `SELECT ${CHUNK_COLUMNS.join(', ')} FROM parquet_metadata(${quoteFile(path)})`,
      ),
    );
  }
}

const SPOOLS = new WeakMap<Database, Spool>();

export function spoolOf(database: Database): Spool {
  const spool = SPOOLS.get(database) ?? new Spool(database);
  SPOOLS.set(database, spool);
  return spool;
}

function idOf({ path, bytes, version }: SourceFile): string {
  return JSON.stringify([path, bytes, version]);
}

function hashOf(source: SourceFile): string {
  return createHash('sha256').update(idOf(source)).digest('hex').slice(0, 24);
}

/** `.csv.gz`: what DuckDB goes by. */
function endingOf(address: string): string {
  return /(?:\.[A-Za-z0-9]+){1,2}$/.exec(address)?.[0] ?? '';
}
