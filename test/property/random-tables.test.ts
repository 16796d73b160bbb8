import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import type { JobSpec } from '../../src/config/job-spec.ts';
import type { RunFlags } from '../../src/config/run-flags.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase, parquetRows } from '../support/database.ts';
import { identityGraph, writeOnnx } from '../support/onnx.ts';
import { temporaryFolder } from '../support/project.ts';
import { type ScoredTable, scoreTable } from '../support/score-table.ts';
import {
  COLUMN_TYPES,
  expectedPart,
  isUsable,
  type RandomRow,
  randomRows,
  writeCsv,
  writeParquet,
} from './random-tables.ts';

/** The same tables every time. */
const SEEDED = { seed: 20_261_121, numRuns: 20 } as const;

/** Rows of a shard and of a batch: small beside the tables, so that they end everywhere. */
const sizes = fc.record({
  shardRows: fc.integer({ min: 1, max: 25 }),
  batchSize: fc.integer({ min: 1, max: 9 }),
});

let database: Database;
let folder: string;
let identity: string;
let identityOfTwo: string;
let identityOfText: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
  identity = await writeOnnx(join(folder, 'identity.onnx'), identityGraph(1));
  identityOfTwo = await writeOnnx(join(folder, 'identity-of-two.onnx'), identityGraph(2));
  identityOfText = await writeOnnx(join(folder, 'identity-of-text.onnx'), identityGraph(1, 'string'));
});

function score(flags: RunFlags, change?: (spec: JobSpec) => JobSpec): Promise<ScoredTable> {
  const kept = {
    model: identity,
    features: ['x'],
    outputColumns: ['id', 'note', 'flag'],
    onInvalid: 'reject',
  };
  return scoreTable(database, { ...kept, ...flags }, change);
}

function expectAccountedFor({ plan, records }: ScoredTable, rows: readonly RandomRow[]): void {
  for (const { rowsIn, rowsOut, rejects } of records) expect(rowsIn).toBe(rowsOut + rejects);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  expect(plan.input.rows).toBe(rows.length);
  expect(sum(records.map(({ rowsIn }) => rowsIn))).toBe(rows.length);
  expect(sum(records.map(({ rejects }) => rejects))).toBe(rows.filter((row) => !isUsable(row)).length);
}

const hashesOf = ({ records }: ScoredTable): string[] => records.map(({ part }) => part.sha256);

it('accounts for every row of a Parquet file, and keeps the columns of those that it scores', async () => {
  const path = join(folder, 'random.parquet');
  await fc.assert(
    fc.asyncProperty(randomRows, sizes, async (rows, size) => {
      await writeParquet(database, rows, path);
      const scored = await score({ inputs: [path], ...size });
      expectAccountedFor(scored, rows);
      expect(scored.rows).toEqual(rows.filter(isUsable).map(expectedPart));
    }),
    SEEDED,
  );
});

it('accounts for every row of a CSV file, and keeps the columns of those that it scores', async () => {
  const path = join(folder, 'random.csv');
  await fc.assert(
    fc.asyncProperty(randomRows, sizes, async (rows, size) => {
      await writeCsv(rows, path);
      const scored = await score({ inputs: [path], ...size }, (spec) => ({
        ...spec,
        input: { ...spec.input, csv: { types: COLUMN_TYPES } },
      }));
      expectAccountedFor(scored, rows);
      // An empty text and null are the same in a CSV.
      const expected = rows.filter(isUsable).map((row) => expectedPart({ ...row, note: row.note || null }));
      expect(scored.rows).toEqual(expected);
    }),
    SEEDED,
  );
});

it('writes the same bytes whatever the batches and however often the shards were computed', async () => {
  const path = join(folder, 'batches.parquet');
  await fc.assert(
    fc.asyncProperty(randomRows, sizes, fc.integer({ min: 1, max: 100 }), async (rows, size, batchSize) => {
      await writeParquet(database, rows, path);
      const first = await score({ inputs: [path], ...size });
      expect(hashesOf(await score({ inputs: [path], ...size }))).toEqual(hashesOf(first));
      expect(hashesOf(await score({ inputs: [path], ...size, batchSize }))).toEqual(hashesOf(first));
    }),
    SEEDED,
  );
});

it('gives a model of text the text of the input, and puts its answer beside it', async () => {
  const path = join(folder, 'texts.parquet');
  await fc.assert(
    fc.asyncProperty(randomRows, sizes, async (rows, size) => {
      await writeParquet(database, rows, path);
      const { rows: found, records } = await score({
        model: identityOfText,
        inputs: [path],
        features: ['note'],
        ...size,
      });
      const notes = rows.flatMap(({ note }) => note ?? []);
      expect(found.map((row) => row.y)).toEqual(notes);
      expect(found.map((row) => row.note)).toEqual(notes);
      expect(records.reduce((sum, { rejects }) => sum + rejects, 0)).toBe(rows.length - notes.length);
    }),
    SEEDED,
  );
});

it('names the row, the column and the value of every reject', async () => {
  const path = join(folder, 'rejects.parquet');
  await fc.assert(
    fc.asyncProperty(randomRows, sizes, async (rows, size) => {
      await writeParquet(database, rows, path);
      const flags = { model: identityOfTwo, inputs: [path], features: ['x', 'id'], ...size };
      const { paths, records } = await score(flags);
      const files = records.filter(({ rejects }) => rejects > 0).map(({ index }) => paths.rejects(index));
      const found = files.length === 0 ? [] : await parquetRows(database, ...files);
      const expected = rows.flatMap(({ x, id, note }, index) => {
        const row = { row: String(index + 1), note };
        if (!isUsable({ x })) return [{ ...row, column: 'x', isNull: x === null }];
        return id === null ? [{ ...row, column: 'id', isNull: true }] : [];
      });
      expect(found.map(rejectOf)).toEqual(expected);
    }),
    SEEDED,
  );
});

function rejectOf({ row, column, value, input }: Record<string, unknown>): Record<string, unknown> {
  return { row, note: (input as RandomRow).note, column, isNull: value === null };
}
