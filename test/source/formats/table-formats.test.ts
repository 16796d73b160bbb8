import { expect, it } from 'vitest';
import { formatOfFiles, formatOfPath } from '../../../src/source/formats/table-formats.ts';

it.each<[path: string, format: string | undefined]>([
  ['a.parquet', 'parquet'],
  ['a.pq', 'parquet'],
  ['A.PARQUET', 'parquet'],
  ['a.csv', 'csv'],
  ['a.csv.gz', 'csv'],
  ['a.tsv.zst', 'csv'],
  ['a.txt', 'csv'],
  ['a.jsonl', 'json'],
  ['a.ndjson.gz', 'json'],
  ['a.json', 'json'],
  ['a.arrow', 'arrow'],
  ['a.feather', 'arrow'],
  ['a.b/c.csv', 'csv'],
  ['a', undefined],
  ['a.gz', undefined],
  ['a.xlsx', undefined],
  ['csv', undefined],
])('%s is %s', (path, format) => {
  expect(formatOfPath(path)).toBe(format);
});

it('asks for one format', () => {
  expect(formatOfFiles(['a.csv', 'b.tsv', 'c.csv.gz'])).toBe('csv');
  expect(() => formatOfFiles(['a.csv', 'b.parquet'])).toThrow('a.csv is csv and b.parquet is parquet');
  expect(() => formatOfFiles(['a.csv', 'b.xlsx'])).toThrow(
    'The format of b.xlsx cannot be told from its name',
  );
});
