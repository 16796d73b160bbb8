import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { PieceCutter } from '../../../../src/source/csv/direct/cut-pieces.ts';
import { temporaryFolder } from '../../../support/project.ts';

const DIALECT = {
  ...{ delimiter: ',', quote: '"', escape: '"', encoding: 'utf-8' },
  ...{ header: true, skip: 0, names: ['a'], preamble: 0, isSkipPlain: true },
};

async function cut(contents: readonly string[], bytes?: number) {
  const folder = await temporaryFolder();
  const paths = contents.map((_, index) => join(folder, `${index}.csv`));
  for (const [index, path] of paths.entries()) {
    await writeFile(path, contents[index] ?? '');
    if (bytes !== undefined) await truncate(path, bytes);
  }
  const shapes: unknown[] = [];
  const cutter = new PieceCutter(
    paths.map((path) => ({ path, dialect: DIALECT })),
    (_, { newline }) => shapes.push(newline),
  );
  const pieces: unknown[] = [];
  for await (const piece of cutter.pieces()) pieces.push(piece);
  return { pieces, rows: cutter.rows, shapes };
}

it('cuts behind each 122,880 lines, over the ends of files', async () => {
  const found = await cut([`a\n${'5\n'.repeat(122_879)}`, `a\r\n${'5\r\n'.repeat(2)}5`]);
  expect(found).toEqual({
    pieces: [
      {
        rows: 122_880,
        segments: [
          { file: 0, from: 2, to: 245_760 },
          { file: 1, from: 3, to: 6 },
        ],
      },
      { rows: 2, segments: [{ file: 1, from: 6, to: 10 }] },
    ],
    rows: [122_879, 3],
    shapes: ['\n', '\r\n'],
  });
});

it('has nothing of files without rows', async () => {
  expect((await cut(['a\n', 'a\n'])).pieces).toEqual([]);
});

it('refuses a header that is not one of as many names, and lines that would take too much memory', async () => {
  expect((await cut(['a,b\n5,6\n'])).pieces).toEqual([null]);
  expect((await cut(['a\n'], 50 << 20)).pieces).toEqual([null]);
});
