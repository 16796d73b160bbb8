import { expect, it } from 'vitest';
import type { ResolvedInput } from '../../src/core/table.ts';
import { inputName } from '../../src/source/locate-row.ts';
import { findRowPlace } from '../../src/source/row-place.ts';
import { openDatabase } from '../support/database.ts';

function input(staged: boolean, ...paths: string[]): ResolvedInput {
  return {
    format: 'parquet',
    paths,
    sources: paths.map((path) => ({ path, bytes: 1, modifiedMs: 0 })),
    fingerprint: '',
    columns: [],
    hiveColumns: [],
    grid: null,
    files: staged ? [{ path: 'staged.parquet', rows: 30 }] : paths.map((path) => ({ path, rows: 10 })),
    staged,
    excerpt: null,
    rows: 30,
    stagingRejects: 0,
    written: [],
    badCells: [],
    places: null,
  };
}

it.each<[inputRow: number, file: string, row: number]>([
  [0, 'a', 1],
  [9, 'a', 10],
  [10, 'b', 1],
  [19, 'b', 10],
  [29, 'c', 10],
])('input row %i is in %s, row %i of it', async (inputRow, file, row) => {
  const place = await findRowPlace(await openDatabase(), input(false, 'a', 'b', 'c'), inputRow);
  expect(place).toEqual({ file, row, line: null });
});

it('counts through the sources of a typed copy', async () => {
  const place = await findRowPlace(await openDatabase(), input(true, 'a.csv', 'b.csv'), 19);
  expect(place).toEqual({ file: 'a.csv (and 1 more file)', row: 20, line: null });
});

it.each([
  [['a'], 'a'],
  [['a', 'b'], 'a (and 1 more file)'],
  [['a', 'b', 'c'], 'a (and 2 more files)'],
])('%j is called %s', (paths, name) => {
  expect(inputName(input(false, ...paths))).toBe(name);
});
