import {
  type DuckDBConnection,
  DuckDBInstance,
  type DuckDBScalarFunction,
  type DuckDBType,
} from '@duckdb/node-api';
import { makeFolder } from '../../core/files/durable-file.ts';
import { escapePattern, quoteText } from '../../core/text/sql.ts';

export interface DatabaseOptions {
  readonly threads: number;
  /** `256MB`; DuckDB spills to `temporaryFolder` beyond it. */
  readonly memoryLimit: string;
  readonly temporaryFolder: string;
}

/** All that a database may touch. */
export interface Confinement {
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

/**
 * An in-memory DuckDB with limits, and nothing fetched from outside.
 *
 * A connection does one thing at a time: while one streams a result, rows are appended through the
 * other.
 */
export class Database {
  readonly connection: DuckDBConnection;
  readonly appendConnection: DuckDBConnection;
  readonly #instance: DuckDBInstance;
  readonly #ownsInstance: boolean;
  /** Where it spills to, and where copies that live for a moment may lie. */
  readonly temporaryFolder: string;

  private constructor(
    instance: DuckDBInstance,
    ownsInstance: boolean,
    temporaryFolder: string,
    connection: DuckDBConnection,
    appendConnection: DuckDBConnection,
  ) {
    this.temporaryFolder = temporaryFolder;
    this.#instance = instance;
    this.#ownsInstance = ownsInstance;
    this.connection = connection;
    this.appendConnection = appendConnection;
  }

  static async open(options: DatabaseOptions): Promise<Database> {
    await makeFolder(options.temporaryFolder);
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(options.threads),
      memory_limit: options.memoryLimit,
      temp_directory: options.temporaryFolder,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      preserve_insertion_order: 'true',
      // Every row is read once or twice: a cache would only make memory grow with the input.
      enable_external_file_cache: 'false',
    });
    const database = await Database.#over(instance, true, options.temporaryFolder);
    // Every shard reads the same files: without it their metadata is read anew for each query.
    await database.run('SET GLOBAL parquet_metadata_cache = true');
    // The same text of times on every machine.
    await database.run("SET GLOBAL TimeZone = 'UTC'");
    return database;
  }

  /**
   * The same database over connections of its own, for work at the same time: within its limits, without
   * its temporary tables. To be closed before it.
   */
  connect(): Promise<Database> {
    return Database.#over(this.#instance, false, this.temporaryFolder);
  }

  static async #over(
    instance: DuckDBInstance,
    ownsInstance: boolean,
    temporaryFolder: string,
  ): Promise<Database> {
    const connection = await instance.connect();
    return new Database(instance, ownsInstance, temporaryFolder, connection, await instance.connect());
  }

  /**
   * From here on the database, over all its connections, reads and writes what lies in these folders and in its
   * temporary one, or is one of these files, and nothing else: no other files, no extensions, no network, and no setting that would change it.
   */
  async confine({ folders, files }: Confinement): Promise<void> {
    const texts = (paths: readonly string[]): string => `[${paths.map(quoteText).join(', ')}]`;
    // DuckDB compares the path as it stands in the SQL, where brackets and stars are escaped.
    const asWritten = (paths: readonly string[]): string => texts([...paths, ...paths.map(escapePattern)]);
    await this.run(`SET allowed_directories = ${asWritten([...folders, this.temporaryFolder])}`);
    await this.run(`SET allowed_paths = ${asWritten(files)}`);
    await this.run('SET enable_external_access = false');
    await this.run('SET lock_configuration = true');
  }

  /**
   * Adds a function, for as long as the database lasts. On a connection of its own: where a result of another
   * connection is left half-read, what is added there goes with it.
   */
  async register(scalarFunction: DuckDBScalarFunction): Promise<void> {
    const connection = await this.#instance.connect();
    try {
      connection.registerScalarFunction(scalarFunction);
    } finally {
      connection.closeSync();
    }
  }

  /** How many it may use. */
  async threads(): Promise<number> {
    const [row] = await this.rows("SELECT current_setting('threads') AS n");
    return Number(row?.n);
  }

  async run(sql: string): Promise<void> {
    await this.connection.run(sql);
  }

  /** All rows of a small result, as JSON values: 64-bit integers and decimals come as text. */
  async rows(sql: string): Promise<Record<string, unknown>[]> {
    const reader = await this.connection.runAndReadAll(sql);
    return reader.getRowObjectsJson() as Record<string, unknown>[];
  }

  /** The columns of a SELECT, without running it. */
  async describe(select: string): Promise<{ name: string; type: string }[]> {
    const rows = await this.rows(`DESCRIBE ${select}`);
    return rows.map((row) => ({ name: String(row.column_name), type: String(row.column_type) }));
  }

  /** As {@link describe}, with the types taken apart. */
  async columnTypes(select: string): Promise<{ name: string; type: DuckDBType }[]> {
    const reader = await this.connection.runAndReadAll(`SELECT * FROM (${select}) LIMIT 0`);
    const types = reader.columnTypes();
    return reader.columnNames().flatMap((name, index) => {
      const type = types[index];
      return type === undefined ? [] : [{ name, type }];
    });
  }

  close(): void {
    this.connection.closeSync();
    this.appendConnection.closeSync();
    if (this.#ownsInstance) this.#instance.closeSync();
  }
}
