import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import { ServeBatchError } from '../../src/core/errors.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { rowsSql } from '../../src/source/shard-relation.ts';
import { openDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';
import { resolveTable } from '../support/resolve-table.ts';

/** The same files every time. */
const SEEDED = { seed: 20_261_128, numRuns: 60 } as const;

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

const integers = (bits: number): fc.Arbitrary<string> =>
  fc.bigInt({ min: -(2n ** BigInt(bits - 1)), max: 2n ** BigInt(bits - 1) - 1n }).map(String);
const days = fc
  .integer({ min: 0, max: 40_000 })
  .map((day) => new Date(day * 86_400_000).toISOString().slice(0, 10));

const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  TINYINT: integers(8),
  INTEGER: integers(32),
  BIGINT: fc.oneof(integers(64), integers(50)),
  UBIGINT: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  FLOAT: fc.float({ noNaN: true, noDefaultInfinity: true }).map(String),
  DOUBLE: fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  'DECIMAL(9,2)': fc.integer({ min: -9_999_999, max: 9_999_999 }).map((n) => (n / 100).toFixed(2)),
  'DECIMAL(30,4)': fc.bigInt({ min: 0n, max: 10n ** 25n }).map((n) => `${n}.1234`),
  DATE: days,
  TIMESTAMP: days.map((day) => `${day} 10:30:00`),
  VARCHAR: fc.constantFrom('a', '007', '1.10'),
  BOOLEAN: fc.constantFrom('true', 'false'),
};

/** A file: the type of its column, and values, null where the text is. */
const file = fc.constantFrom(...Object.keys(VALUES)).chain((type) =>
  fc.record({
    type: fc.constant(type),
    values: fc.array(fc.option(VALUES[type] ?? fc.constant('')), { minLength: 1, maxLength: 5 }),
  }),
);

it('files of different types keep every value, or are refused by name', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(file, { minLength: 2, maxLength: 3 }), fc.uuid(), async (files, name) => {
      const paths = files.map((_, index) => join(folder, `${name}-${index}.parquet`));
      for (const [index, { type, values }] of files.entries()) {
        const rows = values.map((value) => `(CAST(${value === null ? 'NULL' : `'${value}'`} AS ${type}))`);
        await database.run(
          `COPY (SELECT * FROM (VALUES ${rows.join(', ')}) t(v)) TO '${paths[index]}' (FORMAT parquet)`,
        );
      }
      const input = await resolveTable(database, paths).catch((error: unknown) => error);
      if (input instanceof ServeBatchError) {
        expect(input.code).toBe('SCHEMA_MISMATCH');
        expect(paths.filter((path) => input.message.includes(path))).toHaveLength(2);
        return;
      }
      const resolved = input as Awaited<ReturnType<typeof resolveTable>>;
      const all = await rowsSql(
        database,
        resolved,
        { rowStart: 0, rowEnd: resolved.rows },
        { numbered: true },
      );
      let row = 0;
      for (const { type, values } of files) {
        for (const value of values) {
          const own = value === null ? 'NULL' : `'${value}'`;
          const [same] = await database.rows(
            `SELECT CAST(v AS ${type}) IS NOT DISTINCT FROM CAST(${own} AS ${type}) AS same FROM (${all}) WHERE input_row = ${row++}`,
          );
          expect(same).toEqual({ same: true });
        }
      }
    }),
    SEEDED,
  );
});
