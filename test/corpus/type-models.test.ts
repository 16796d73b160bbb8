import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { ELEMENT_TYPES, type ElementType } from '../../src/core/model.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';
import { scoreTable } from '../support/score-table.ts';
import { corpusFile, corpusFiles, describeCorpus } from './corpus.ts';

interface TypeCase {
  /** As the file is called; the models give back what they get. */
  readonly file: string;
  readonly elementType: ElementType;
  readonly columnType: string;
  /** A row of SQL values, the ends of the type's range among them, and how they read as JSON. */
  readonly values: readonly (readonly [sql: string, json: unknown])[];
}

const integer = (elementType: ElementType, columnType: string, low: string, high: string): TypeCase => ({
  file: elementType,
  elementType,
  columnType,
  values: [low, high, '0', '1', '7'].map((text) => [text, /64/.test(elementType) ? text : Number(text)]),
});

const TYPES: readonly TypeCase[] = [
  integer('int8', 'TINYINT', '-128', '127'),
  integer('uint8', 'UTINYINT', '0', '255'),
  integer('int16', 'SMALLINT', '-32768', '32767'),
  integer('uint16', 'USMALLINT', '0', '65535'),
  integer('int32', 'INTEGER', '-2147483648', '2147483647'),
  integer('uint32', 'UINTEGER', '0', '4294967295'),
  integer('int64', 'BIGINT', '-9223372036854775808', '9223372036854775807'),
  integer('uint64', 'UBIGINT', '0', '18446744073709551615'),
  {
    file: 'bool',
    elementType: 'bool',
    columnType: 'BOOLEAN',
    values: [
      ['true', true],
      ['false', false],
      ['true', true],
      ['true', true],
      ['false', false],
    ],
  },
  {
    file: 'string',
    elementType: 'string',
    columnType: 'VARCHAR',
    values: [
      ["''", ''],
      ["'größe'", 'größe'],
      ["'日付'", '日付'],
      ["'🙂'", '🙂'],
      ["'a''b'", "a'b"],
    ],
  },
  {
    file: 'float',
    elementType: 'float32',
    columnType: 'FLOAT',
    values: [
      ['1.5', 1.5],
      ["'NaN'", 'NaN'],
      ["'-Infinity'", '-Infinity'],
      ['1e-45', 1.401298464324817e-45],
      ['3.4028235e38', 3.4028234663852886e38],
    ],
  },
  {
    file: 'double',
    elementType: 'float64',
    columnType: 'DOUBLE',
    values: [
      ['0.1', 0.1],
      ["'NaN'", 'NaN'],
      ["'Infinity'", 'Infinity'],
      ['5e-324', 5e-324],
      ['1.7976931348623157e308', 1.7976931348623157e308],
    ],
  },
  { file: 'float16', elementType: 'float16', columnType: 'FLOAT', values: [['65504', 65_504]] },
];

describeCorpus('onnx/types', () => {
  let database: Database;
  let folder: string;

  beforeAll(async () => {
    database = await openDatabase();
    folder = await temporaryFolder();
  });

  it('has a model of each type that can be served', () => {
    expect(TYPES.map(({ elementType }) => elementType).sort()).toEqual([...ELEMENT_TYPES].sort());
    expect(TYPES.map(({ file }) => `test_types_${file}.onnx`).sort()).toEqual(
      corpusFiles('onnx/types', '.onnx'),
    );
  });

  it.each(TYPES)(
    '$elementType values come out of the model as they went in',
    async ({ file, columnType, values }) => {
      const features = values.map((_, index) => `c${index}`);
      const list = values.map(([sql], index) => `CAST(${sql} AS ${columnType}) AS c${index}`);
      const input = join(folder, `${file}.parquet`);
      await database.run(`COPY (SELECT ${list.join(', ')} FROM range(3)) TO '${input}' (FORMAT parquet)`);
      const model = corpusFile('onnx/types', `test_types_${file}.onnx`);
      const { rows } = await scoreTable(database, { model, inputs: [input], features });
      const expected = values.map(([, json]) => json);
      const row = { output: expected.length === 1 ? expected[0] : expected };
      expect(rows).toEqual([row, row, row]);
    },
  );
});
