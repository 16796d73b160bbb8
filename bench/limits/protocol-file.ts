import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { quoteText } from '../../src/core/text/sql.ts';
import { withDuckDb } from '../data/duckdb.ts';
import { JOB } from '../project/project.ts';

/** As long as a real one: what matters is the length of the keys. */
const GENERATION = '20261121T000000Z-b3n8';
const PIECE_BYTES = 1 << 20;

/**
 * Writes the commands that load the predictions of `parts` (a glob) as serve-batch lays them out: an HSET
 * for each store and product, with a field for each date. `redis-cli --pipe` takes the file as it is.
 */
export async function writeProtocolFile(path: string, parts: string): Promise<void> {
  await withDuckDb({ threads: 2 }, async (duckdb) => {
    const result = await duckdb.stream(`
      SELECT store || ':' || product AS key, CAST(date AS VARCHAR) AS field, CAST(sales AS VARCHAR) AS value
      FROM read_parquet(${quoteText(parts)})`);
    const rows = async function* (): AsyncGenerator<readonly string[]> {
      for (;;) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) return;
        for (const row of chunk.getRows()) yield row as string[];
      }
    };
    await pipeline(Readable.from(pieces(rows())), createWriteStream(path));
  });
}

async function* pieces(rows: AsyncIterable<readonly string[]>): AsyncGenerator<string> {
  let piece = '';
  let key = '';
  let words: string[] = [];
  const flush = (): void => {
    if (words.length > 0) piece += command(['HSET', `${JOB}:${GENERATION}:${key}`, ...words]);
    words = [];
  };
  for await (const [rowKey = '', field = '', value = ''] of rows) {
    if (rowKey !== key) {
      flush();
      key = rowKey;
    }
    words.push(field, value);
    if (piece.length < PIECE_BYTES) continue;
    yield piece;
    piece = '';
  }
  flush();
  yield piece;
}

/** RESP; all words here are ASCII, so that their length is that of their bytes. */
function command(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
}
