import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase, parquetRows } from '../support/database.ts';
import { identityGraph, writeOnnx } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';
import { scoreTable } from '../support/score-table.ts';

/** Names that the SQL of a shard uses itself, that are words of SQL, or that have to be quoted. */
const NAMES = [
  'position',
  'required',
  'inputrow',
  'filename',
  'predictions',
  'scored',
  'p0',
  'kept_rows',
  'input_rows',
  'feature_rows',
  'f0',
  'r',
  'n',
  'i',
  't',
  'input',
  'file',
  'row',
  'line',
  'column',
  'value',
  'reason',
  'select',
  'order',
  'two words',
  'a"b',
  "it's",
  'a.b',
  'größe',
  '日付',
];

let database: Database;
let folder: string;
let model: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
  model = await writeOnnx(join(folder, 'identity.onnx'), identityGraph(1));
});

/** Five rows, the third of them without a feature. */
async function tableWith(name: string): Promise<string> {
  const path = join(folder, 'awkward.parquet');
  const column = `"${name.replaceAll('"', '""')}"`;
  await database.run(
    `COPY (SELECT CASE WHEN range <> 2 THEN range::FLOAT END AS x, 'text ' || range AS ${column} FROM range(5)) TO '${path}' (FORMAT parquet)`,
  );
  return path;
}

describe('a column of the input may be called', () => {
  it.each(NAMES)('%s', async (name) => {
    const inputs = [await tableWith(name)];
    const flags = { model, inputs, features: ['x'], outputColumns: [name], onInvalid: 'reject' };
    const { rows, records, paths } = await scoreTable(database, flags);
    expect(rows.map((row) => Object.values(row))).toEqual([0, 1, 3, 4].map((at) => [`text ${at}`, at]));
    expect(records[0]).toMatchObject({ rowsIn: 5, rowsOut: 4, rejects: 1 });
    expect(await parquetRows(database, paths.rejects(0))).toEqual([
      expect.objectContaining({ row: '3', column: 'x', input: { x: null, [name]: 'text 2' } }),
    ]);
  });

  it.each(NAMES)('%s, with features.select', async (name) => {
    const inputs = [await tableWith(name)];
    const { rows, records } = await scoreTable(
      database,
      { model, inputs, outputColumns: [name], onInvalid: 'reject' },
      (spec) => ({ ...spec, features: { ...spec.features, select: 'SELECT x * 2 AS x FROM input' } }),
    );
    expect(rows.map((row) => Object.values(row))).toEqual([0, 1, 3, 4].map((at) => [`text ${at}`, 2 * at]));
    expect(records[0]).toMatchObject({ rowsIn: 5, rowsOut: 4, rejects: 1 });
  });
});

describe('a column that has the name of something else is refused', () => {
  it('file_row_number: the number that shards find their rows by', async () => {
    const inputs = [await tableWith('File_Row_Number')];
    await expect(scoreTable(database, { model, inputs, features: ['x'] })).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringContaining('has a column "File_Row_Number"'),
    });
  });

  it('input_row: the number that features.select sees', async () => {
    const inputs = [await tableWith('input_row')];
    const scored = await scoreTable(database, { model, inputs, features: ['x'], onInvalid: 'reject' });
    expect(scored.rows).toHaveLength(4);
    const run = scoreTable(database, { model, inputs }, (spec) => ({
      ...spec,
      features: { ...spec.features, select: 'SELECT x FROM input' },
    }));
    await expect(run).rejects.toMatchObject({
      code: 'SCHEMA_MISMATCH',
      message: expect.stringContaining('has a column "input_row"'),
    });
  });
});

describe('a table of features.tables may be called', () => {
  it.each(['predictions', 'rejects', 'features', 'feature_rows', 'input_rows', 'kept_rows'])(
    '%s',
    async (name) => {
      const own = await openDatabase();
      const inputs = [await tableWith('note')];
      const factors = join(folder, 'factors.parquet');
      await database.run(
        `COPY (SELECT range AS k, 10 AS factor FROM range(5)) TO '${factors}' (FORMAT parquet)`,
      );
      const { rows } = await scoreTable(own, { model, inputs, onInvalid: 'reject' }, (spec) => ({
        ...spec,
        features: {
          ...spec.features,
          select: `SELECT input.x * factor AS x FROM input JOIN ${name} ON k = input.x`,
          tables: { [name]: factors },
        },
      }));
      expect(rows.map((row) => Object.values(row))).toEqual([[0], [10], [30], [40]]);
    },
  );
});
