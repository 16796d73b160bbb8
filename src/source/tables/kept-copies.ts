import { createHash, randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemErrorCode } from '../../core/errors.ts';
import { makeFolder, writeFileDurably } from '../../core/files/durable-file.ts';
import { readTextFile } from '../../core/files/regular-file.ts';
import type { ResolvedInput } from '../../core/table.ts';
import type { Database } from '../duckdb/database.ts';
import type { SmallTable } from './small-table.ts';

/** By database: the folder of the run that it works for. */
const FOLDERS = new WeakMap<Database, string>();

/**
 * From here on, what a database copies of small tables that are not Parquet stays in a folder, where other databases
 * find it: to look at each cell of a CSV takes longer than to score a shard. Who made the folder deletes it.
 */
export function keepCopies(database: Database, folder: string): void {
  FOLDERS.set(database, folder);
}

/** Where the copy of a table is kept; null: the database keeps none. */
export function keptCopyOf(database: Database, table: SmallTable): KeptCopy | null {
  const folder = FOLDERS.get(database);
  return folder === undefined ? null : new KeptCopy(folder, table);
}

/**
 * A typed copy, and beside it what reading the table said. Several processes may make it at the same time: each has a
 * Parquet file of its own, and what the last one says of its own stays.
 */
export class KeptCopy {
  readonly #folder: string;
  readonly #table: SmallTable;

  constructor(folder: string, table: SmallTable) {
    this.#folder = folder;
    this.#table = table;
  }

  /** What was read before; null: nobody has. */
  async find(): Promise<ResolvedInput | null> {
    try {
      const read = JSON.parse(await readTextFile(this.#pathFor(this.#table))) as ResolvedInput;
      const files = read.files.map((file) => ({ ...file, path: join(this.#folder, basename(file.path)) }));
      for (const { path } of files) await stat(path);
      return { ...read, files };
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return null;
      throw error;
    }
  }

  /** Reads the table into a copy that is kept. */
  async make(read: (stagedPath: string) => Promise<ResolvedInput>): Promise<ResolvedInput> {
    await makeFolder(this.#folder);
    const made = await read(join(this.#folder, `${randomBytes(16).toString('hex')}.parquet`));
    const paths = [this.#table, withItsOwnKeys(this.#table, made)].map((table) => this.#pathFor(table));
    for (const path of new Set(paths)) await writeFileDurably(path, JSON.stringify(made));
    return made;
  }

  /** Where a file changes, its copy is another one. */
  #pathFor({ sources, paths, hive, needs }: SmallTable): string {
    const key = JSON.stringify([sources, paths, hive, needs]);
    return join(this.#folder, `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.json`);
  }
}

/** A column that the table has not makes no difference to the others: a dimension looks for one of two names. */
function withItsOwnKeys(table: SmallTable, { columns }: ResolvedInput): SmallTable {
  const wanted = new Set(table.needs.keys.map((name) => name.toLowerCase()));
  const keys = columns.map(({ name }) => name).filter((name) => wanted.has(name.toLowerCase()));
  return { ...table, needs: { ...table.needs, keys } };
}
