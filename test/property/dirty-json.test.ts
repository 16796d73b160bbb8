import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, expect, it } from 'vitest';
import type { Database } from '../../src/source/duckdb/database.ts';
import { rowsSql } from '../../src/source/shard-relation.ts';
import { openDatabase } from '../support/database.ts';
import { temporaryFolder } from '../support/project.ts';
import { resolveTable } from '../support/resolve-table.ts';

/** The same tables every time. */
const SEEDED = { seed: 20_261_128, numRuns: 40 } as const;

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

/** Cells as they stand in the file. */
const cell = (kind: string): fc.Arbitrary<string> =>
  ({
    integer: fc.oneof(fc.integer(), fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n })).map(String),
    fraction: fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => JSON.stringify(x)),
    boolean: fc.constantFrom('true', 'false'),
    string: fc
      .constantFrom('2026-11-21', '007', '12-05-21', 'ü "x"', '1E5')
      .map((text) => JSON.stringify(text)),
  })[kind] ?? fc.constant('null');

const DIRT = fc.constantFrom('"n/a"', '"7"', 'true', '{"deep":1}', '[1]', 'null', '9007199254740993', '0.5');

/** A column of one kind, with a later kind from some row on, and cells of dirt. */
const column = fc
  .record({
    kind: fc.constantFrom('integer', 'fraction', 'boolean', 'string'),
    late: fc.constantFrom('integer', 'fraction', 'string'),
    from: fc.integer({ min: 2, max: 60 }),
  })
  .chain(({ kind, late, from }) =>
    fc
      .array(fc.tuple(cell(kind), cell(late), DIRT, fc.integer({ min: 0, max: 14 })), {
        minLength: 3,
        maxLength: 40,
      })
      .map((cells) =>
        cells.map(([early, later, dirt, dice], row) => (dice === 0 ? dirt : row < from ? early : later)),
      ),
  );

it('no cell of a JSON file changes without being counted', async () => {
  await fc.assert(
    fc.asyncProperty(column, async (cells) => {
      const path = join(folder, 'random.jsonl');
      await writeFile(path, cells.map((text, row) => `{"row": ${row}, "a": ${text}}\n`).join(''));
      const input = await resolveTable(database, path);
      const range = { rowStart: 0, rowEnd: input.rows };
      const values = await database.rows(await rowsSql(database, input, range));
      const asText = input.columns.map((each) => ({ ...each, type: 'VARCHAR' }));
      const texts = await database.rows(await rowsSql(database, { ...input, columns: asText }, range));
      const type = input.columns.find(({ name }) => name === 'a')?.type ?? '';
      expect(values).toHaveLength(cells.length);
      let bad = 0;
      cells.forEach((text, row) => {
        const value = values[row]?.a ?? null;
        if (value === null && text !== 'null') {
          bad++;
          // What the value does not say, the text still does.
          assertSame(text, texts[row]?.a ?? null, 'VARCHAR');
        } else assertSame(text, value, type);
      });
      const counted = input.badCells.find((each) => each.column === 'a')?.count ?? 0;
      expect(counted).toBe(bad);
    }),
    SEEDED,
  );
});

/** Slowly, and without DuckDB. */
function assertSame(written: string, value: unknown, type: string): void {
  const parsed: unknown = JSON.parse(written);
  if (parsed === null) expect(value).toBeNull();
  else if (typeof parsed === 'number') assertSameNumber(written, value);
  else if (typeof parsed === 'boolean') expect(String(value)).toBe(String(parsed));
  else if (typeof parsed === 'string') expect(String(value)).toBe(parsed);
  else expect(type === 'VARCHAR' ? JSON.parse(String(value)) : value).toEqual(parsed);
}

function assertSameNumber(written: string, value: unknown): void {
  if (/^-?\d+$/.test(written) && /^-?\d+$/.test(String(value)))
    expect(BigInt(String(value))).toBe(BigInt(written));
  else {
    expect(Number(value)).toBe(Number(written));
    if (/^-?\d+$/.test(written)) expect(BigInt(Number(value))).toBe(BigInt(written));
  }
}
