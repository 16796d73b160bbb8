import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { machineLimits } from '../../src/core/machine/machine-limits.ts';
import { quoteText } from '../../src/core/text/sql.ts';
import { withDuckDb } from './duckdb.ts';
import { rowCountText } from './row-count.ts';
import { DATA_VERSION, salesSql } from './sales-sql.ts';

/**
 * `parquet` is zstd, as DuckDB writes it. `simple.parquet` is for parquetjs-lite, which has no zstd and reads
 * wrong values from dictionaries of more than 256 entries: snappy, and no dictionaries.
 */
export type TableKind = 'parquet' | 'simple.parquet' | 'csv';

const COPY_OPTIONS: Readonly<Record<TableKind, string>> = {
  parquet: 'FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880',
  'simple.parquet': 'FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 122880, DICTIONARY_SIZE_LIMIT 0',
  csv: 'FORMAT csv, HEADER true',
};

/** What the benchmark makes for itself, once: tables and other files by name, and folders to work in. */
export class DataFolder {
  readonly path: string;
  readonly #log: (line: string) => void;

  constructor(path: string, log: (line: string) => void) {
    this.path = path;
    this.#log = log;
  }

  /** The path of the table of so many rows, made if it is not there yet. */
  async table(rows: number, kind: TableKind = 'parquet'): Promise<string> {
    return this.file(`sales-${DATA_VERSION}-${rowCountText(rows)}.${kind}`, async (path) => {
      const sql = `COPY (${salesSql(rows)}) TO ${quoteText(path)} (${COPY_OPTIONS[kind]})`;
      await withDuckDb({ threads: machineLimits().cpus }, (duckdb) => duckdb.run(sql));
    });
  }

  /** The path of a file, made by `make` if it is not there yet; it appears when it is complete. */
  async file(name: string, make: (path: string) => Promise<void>): Promise<string> {
    const path = join(this.path, name);
    if (existsSync(path)) return path;
    await mkdir(this.path, { recursive: true });
    this.#log(`making ${name}`);
    const unfinished = `${path}.${process.pid}.tmp`;
    try {
      await make(unfinished);
      await rename(unfinished, path);
    } finally {
      await rm(unfinished, { force: true });
    }
    return path;
  }

  /** An empty folder on the same disk as the tables. Whoever asked for it removes it. */
  async workFolder(): Promise<string> {
    const parent = join(this.path, 'work');
    await mkdir(parent, { recursive: true });
    return mkdtemp(join(parent, `${process.pid}-`));
  }

  /** Removes the folders of benchmarks that were killed. */
  async removeLeftovers(): Promise<void> {
    const parent = join(this.path, 'work');
    const names = await readdir(parent).catch(() => []);
    const left = names.filter((name) => !existsSync(`/proc/${name.split('-')[0]}`));
    for (const name of left) await rm(join(parent, name), { recursive: true, force: true });
  }
}
