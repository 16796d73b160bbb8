import { expect, it } from 'vitest';
import { columnChunks, extentsFor, joined, missingFrom } from '../../../src/source/remote/column-chunks.ts';

const chunk = (group: number, path: string, start: number, bytes: number, rows = 10) => ({
  row_group_id: String(group),
  row_group_num_rows: String(rows),
  path_in_schema: path,
  dictionary_page_offset: null,
  data_page_offset: String(start),
  index_page_offset: null,
  total_compressed_size: String(bytes),
  bloom_filter_offset: null,
  bloom_filter_length: null,
});

const MIB = 1024 * 1024;

it('finds the chunks of rows and columns, nested ones whole, whatever the case', () => {
  const chunks = columnChunks([
    chunk(0, 'a', 4, 100),
    chunk(0, 'b, list, element', 10 * MIB, 100),
    chunk(1, 'a', 20 * MIB, 100, 5),
    chunk(1, 'b, list, element', 30 * MIB, 100, 5),
  ]);
  const wanted = (rowStart: number, rowEnd: number, ...columns: string[]) =>
    extentsFor(chunks, { rowStart, rowEnd, columns });
  expect(wanted(0, 10, 'a')).toEqual([[4, 104]]);
  expect(wanted(9, 11, 'A')).toEqual([
    [4, 104],
    [20 * MIB, 20 * MIB + 100],
  ]);
  expect(wanted(10, 15, 'B')).toEqual([[30 * MIB, 30 * MIB + 100]]);
  expect(wanted(0, 15, 'list')).toEqual([]);
  expect(wanted(15, 20, 'a')).toEqual([]);
});

it('begins a chunk with its dictionary, takes a place of 0 for none, and reads its bloom filter', () => {
  const [dictionary, none] = columnChunks([
    {
      ...chunk(0, 'a', 66, 127),
      dictionary_page_offset: '4',
      bloom_filter_offset: '7242',
      bloom_filter_length: '47',
    },
    { ...chunk(0, 'b', 66, 127), dictionary_page_offset: '0' },
  ]);
  expect(dictionary?.extents).toEqual([
    [4, 131],
    [7242, 7289],
  ]);
  expect(none?.extents).toEqual([[66, 193]]);
});

it('joins extents over small gaps, and knows what is missing', () => {
  expect(
    joined([
      [5, 9],
      [0, 5],
      [20, 30],
      [22, 25],
    ]),
  ).toEqual([
    [0, 9],
    [20, 30],
  ]);
  expect(
    joined(
      [
        [0, 5],
        [7, 9],
      ],
      2,
    ),
  ).toEqual([[0, 9]]);
  expect(
    missingFrom(
      [[0, 30]],
      [
        [5, 9],
        [20, 25],
      ],
    ),
  ).toEqual([
    [0, 5],
    [9, 20],
    [25, 30],
  ]);
  expect(missingFrom([[5, 9]], [[0, 30]])).toEqual([]);
});
