import { expect, test } from 'vitest';
import { isUnknownFile, outputFileFormat } from '../../../src/core/files/output-file.ts';

test.each([
  ['x.parquet', 'parquet'],
  ['a/X.CSV', 'csv'],
  ['x.csv.gz', 'csv.gz'],
  ['x.jsonl', 'jsonl'],
  ['out', null],
  ['x.csv/', null],
  ['csv', null],
])('the format of %s is %s', (path, format) => {
  expect(outputFileFormat(path)).toBe(format);
});

test.each(['x.json', 'x.tsv', 'x.parquet.gz', 'x.jsonl.gz', 'x.xlsx', 'a/b.feather'])(
  '%s is meant as a file that cannot be written',
  (path) => {
    expect(isUnknownFile(path)).toBe(true);
  },
);

test.each(['out', 'out.v2', 'forecast.nightly', '2026.11', 'x.json/', 'x.csv', '.', '..'])(
  '%s is a folder, or a file that can be written',
  (path) => {
    expect(isUnknownFile(path)).toBe(false);
  },
);
