import { beforeAll, expect, it } from 'vitest';
import type { ResolvedInput } from '../../src/core/table.ts';
import { quoteName, quoteText } from '../../src/core/text/sql.ts';
import { canFill } from '../../src/features/cast-rules.ts';
import { type ChunkColumn, isValid, streamChunks } from '../../src/source/duckdb/chunk-stream.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { rowsSql } from '../../src/source/shard-relation.ts';
import { openDatabase } from '../support/database.ts';
import { identityGraph, writeOnnx } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';
import { resolveTable } from '../support/resolve-table.ts';
import { scoreTable } from '../support/score-table.ts';
import { corpusFile, corpusFiles, describeCorpus } from './corpus.ts';

/** What DuckDB itself does not read, and what it says. */
const REFUSED: Readonly<Record<string, RegExp>> = {
  'hadoop_lz4_compressed.parquet': /Unsupported compression codec "LZ4"/,
};

describeCorpus('parquet', () => {
  const all = corpusFiles('parquet', '.parquet');
  const readable = all.filter((name) => REFUSED[name] === undefined);
  let database: Database;
  let identity: string;

  beforeAll(async () => {
    database = await openDatabase();
    identity = await writeOnnx(`${await temporaryFolder()}/identity.onnx`, identityGraph(1));
  });

  it.each(readable)('%s reads to what DuckDB reads, whole and in ranges', async (name) => {
    const expected = await database.rows(`SELECT * FROM ${quoteText(corpusFile('parquet', name))}`);
    const input = await resolveTable(database, corpusFile('parquet', name));
    expect(input.rows).toBe(expected.length);
    expect(await rowsOf(input, 0, input.rows)).toEqual(expected);

    const middle = Math.floor(input.rows / 2);
    const halves = [...(await rowsOf(input, 0, middle)), ...(await rowsOf(input, middle, input.rows))];
    expect(halves).toEqual(expected);
  });

  it.each(readable)('%s streams numbers, booleans and text as DuckDB reads them', async (name) => {
    const input = await resolveTable(database, corpusFile('parquet', name));
    const streamed = input.columns.filter(({ type }) => STREAMED.test(type));
    const list = streamed.length === 0 ? '1' : streamed.map((column) => quoteName(column.name)).join(', ');
    const sql = `SELECT ${list} FROM (${await rowsSql(database, input, { rowStart: 0, rowEnd: input.rows })})`;
    const expected = await database.connection.runAndReadAll(sql);
    const found: unknown[][] = [];
    for await (const { rows, columns } of streamChunks(database, sql))
      for (let row = 0; row < rows; row++) found.push(columns.map((column) => valueAt(column, row)));
    expect(found).toEqual(expected.getRows().map((row) => row.map(asNumber)));
  });

  it.each(readable)('%s passes all its columns through a shard unchanged', async (name) => {
    const path = corpusFile('parquet', name);
    const { columns } = await resolveTable(database, path);
    const feature = columns.find(({ type }) => canFill(type, 'float32', false));
    const rows = await database.rows(`SELECT * FROM ${quoteText(path)} ORDER BY file_row_number`);
    const usable = feature === undefined ? rows : rows.filter((row) => row[feature.name] !== null);

    const flags = {
      model: identity,
      inputs: [path],
      outputColumns: ['*'],
      onInvalid: 'reject',
      ...(feature === undefined ? {} : { features: [feature.name] }),
    };
    const scored = await scoreTable(database, flags, (spec) => ({
      ...spec,
      // A table without a number gets one, and goes the way of features.select.
      features:
        feature === undefined
          ? { ...spec.features, select: 'SELECT 0.5::FLOAT AS x FROM input' }
          : spec.features,
      output: { ...spec.output, rename: { y: 'prediction' } },
    }));
    expect(scored.rows.map(({ prediction: _, ...kept }) => kept)).toEqual(usable);
  });

  it.each(all.filter((name) => REFUSED[name] !== undefined))(
    '%s is refused with the reason',
    async (name) => {
      const path = corpusFile('parquet', name);
      const run = scoreTable(database, { model: identity, inputs: [path], features: ['c0'] });
      await expect(run).rejects.toMatchObject({
        code: 'INPUT_UNREADABLE',
        message: expect.stringMatching(REFUSED[name] ?? ''),
      });
    },
  );

  async function rowsOf(
    input: ResolvedInput,
    rowStart: number,
    rowEnd: number,
  ): Promise<Record<string, unknown>[]> {
    return rowStart === rowEnd ? [] : database.rows(await rowsSql(database, input, { rowStart, rowEnd }));
  }
});

/** Types whose values a chunk hands over as they are. */
const STREAMED = /^(U?(TINY|SMALL|BIG)INT|U?INTEGER|FLOAT|DOUBLE|BOOLEAN|VARCHAR)$/;

function valueAt(column: ChunkColumn, row: number): unknown {
  return isValid(column, row) ? column.values[row] : null;
}

/** Booleans are streamed as bytes. */
function asNumber(value: unknown): unknown {
  return typeof value === 'boolean' ? Number(value) : value;
}
