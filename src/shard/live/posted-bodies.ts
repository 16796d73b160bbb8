import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { firstLine, ServeBatchError } from '../../core/errors.ts';
import { makeFolder } from '../../core/files/durable-file.ts';
import type { Column } from '../../core/table.ts';
import { quoteFile } from '../../core/text/sql.ts';
import type { LiveAnswer } from './live-question.ts';
import type { LiveRun } from './live-run.ts';
import { cellsOfTable } from './posted-cells.ts';
import { jsonRows, textsOfRows } from './posted-json.ts';
import { columnsOfRows, PostedRows } from './posted-rows.ts';

export const BODY_FORMATS = ['json', 'ndjson', 'csv', 'parquet', 'arrow'] as const;
export type BodyFormat = (typeof BODY_FORMATS)[number];

/** Rows as somebody has posted them. */
export interface RowsBody {
  readonly format: BodyFormat;
  /** The bytes, in base64. */
  readonly content: string;
  readonly mostRows: number;
}

/** A body that was read. */
export interface PostedBody {
  readonly post: number;
  readonly rows: number;
}

/** Bodies that were posted, for as long as their rows are being scored. */
export class PostedBodies {
  readonly #run: LiveRun;
  readonly #posted = new Map<number, PostedRows>();
  #last = 0;

  constructor(run: LiveRun) {
    this.#run = run;
  }

  /** Throws `USAGE` for a body that is not what its format says, or whose columns do not fit. */
  async add({ format, content, mostRows }: RowsBody): Promise<PostedBody> {
    const post = ++this.#last;
    const rows = await this.#read(`serve_batch_live_post_${post}`, format, Buffer.from(content, 'base64'));
    if (rows.rows > mostRows || rows.rows === 0) {
      await rows.drop();
      throw new ServeBatchError(
        'USAGE',
        `The body has ${rows.rows} rows; expected 1 to ${mostRows}. Post more rows in several requests.`,
      );
    }
    this.#posted.set(post, rows);
    return { post, rows: rows.rows };
  }

  /** What became of rows `from` to `to` (exclusive). */
  async score(post: number, from: number, to: number): Promise<readonly LiveAnswer[]> {
    const posted = this.#posted.get(post);
    if (posted === undefined)
      throw new ServeBatchError(
        'LIVE_UNAVAILABLE',
        'The process that had the rows of the request was replaced. Send the request again.',
      );
    const { texts, rejects } = await posted.score(from, to);
    const bad = new Map(rejects.map((each) => [each.inputRow, each]));
    return Array.from({ length: to - from }, (_, index): LiveAnswer => {
      const text = texts.get(from + index);
      if (text !== undefined) return { kind: 'value', text };
      const { column = null, reason = '' } = bad.get(from + index) ?? {};
      return { kind: 'reject', column, reason };
    });
  }

  async drop(post: number): Promise<void> {
    await this.#posted.get(post)?.drop();
    this.#posted.delete(post);
  }

  #read(table: string, format: BodyFormat, bytes: Buffer): Promise<PostedRows> {
    switch (format) {
      case 'json':
      case 'ndjson':
        return this.#readJson(table, format, bytes);
      case 'csv':
        return this.#inFile(bytes, async (file) => {
          const from = `read_csv(${quoteFile(file)}, header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', nullstr = '', sample_size = -1)`;
          return this.#readTable(table, from, await this.#describe(from));
        });
      case 'parquet':
        return this.#inFile(bytes, async (file) => {
          const from = `read_parquet(${quoteFile(file)})`;
          return this.#readTable(table, from, await this.#describe(from), { hasTypes: true });
        });
      case 'arrow':
        return this.#inFile(bytes, async (file) => {
          const copy = `${file}.parquet`;
          try {
            const source = { path: file, bytes: bytes.length, modifiedMs: 0 };
            // Its library is loaded where somebody posts Arrow.
            const { stageArrow } = await import('../../source/formats/stage-arrow.ts');
            const { columns } = await stageArrow(this.#run.database, [source], {}, copy);
            return await this.#readTable(table, `read_parquet(${quoteFile(copy)})`, columns, {
              hasTypes: true,
            });
          } finally {
            await rm(copy, { force: true });
          }
        });
    }
  }

  async #readJson(table: string, format: 'json' | 'ndjson', bytes: Buffer): Promise<PostedRows> {
    const rows = jsonRows(bytes.toString('utf8'), format);
    const names = new Set(rows.flatMap((row) => Object.keys(row)));
    const columns = columnsOfRows(this.#run, [...names]);
    const { texts, wrong } = textsOfRows(rows, columns);
    return (await PostedRows.ofTexts(this.#run, table, columns.all, texts)).withWrong(wrong);
  }

  #describe(from: string): Promise<readonly Column[]> {
    return this.#run.database.describe(`SELECT * FROM ${from}`);
  }

  async #readTable(
    table: string,
    from: string,
    found: readonly Column[],
    { hasTypes = false }: { readonly hasTypes?: boolean } = {},
  ): Promise<PostedRows> {
    const { all } = columnsOfRows(
      this.#run,
      found.map(({ name }) => name),
    );
    const cells = cellsOfTable(all, found, hasTypes);
    return PostedRows.ofTable(this.#run, table, all, { from, cells });
  }

  /** With the bytes in a file of the folder that the database may touch. Throws `USAGE` where they cannot be read. */
  async #inFile<T>(bytes: Buffer, read: (file: string) => Promise<T>): Promise<T> {
    const { temporaryFolder } = this.#run.database;
    await makeFolder(temporaryFolder);
    const file = join(temporaryFolder, `post-${randomBytes(8).toString('hex')}`);
    try {
      await writeFile(file, bytes, { flag: 'wx' });
      return await read(file);
    } catch (error) {
      throw unreadable(error, file);
    } finally {
      await rm(file, { force: true });
    }
  }
}

/** The reason names the file, which is nothing to those who have posted it. */
function unreadable(error: unknown, file: string): unknown {
  if (error instanceof ServeBatchError && error.code === 'USAGE') return error;
  const message = error instanceof Error ? error.message : String(error);
  const reason = firstLine(message).replaceAll(file, 'the body').slice(0, 300);
  return new ServeBatchError(
    'USAGE',
    `The body cannot be read as its Content-Type says: ${reason}. Expected a table with a name for each column, and in CSV as many fields in each line as in the first.`,
    { cause: error },
  );
}
