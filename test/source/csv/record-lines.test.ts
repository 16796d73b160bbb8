import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { findLines } from '../../../src/source/csv/record-lines.ts';
import { temporaryFolder } from '../../support/project.ts';

const DIALECT = {
  ...{ delimiter: ',', quote: '"', escape: '"', encoding: 'utf-8' },
  ...{ header: true, skip: 0, names: ['a', 'b'], preamble: 0, isSkipPlain: true },
};

let path: string;
beforeAll(async () => {
  path = join(await temporaryFolder(), 'in.csv');
});

/** The line of each row. */
async function linesOf(content: string, rows: number, malformed: readonly number[] = [], skip = 0) {
  await writeFile(path, content);
  const starts = content
    .split('\n')
    .map((_, line, all) => all.slice(0, line).join('\n').length + (line > 0 ? 1 : 0));
  const leftOut = malformed.map((line) => ({ line, offset: starts[line - 1] ?? 0 }));
  const found = await findLines(path, { ...DIALECT, skip }, rows, leftOut);
  if (found === null) return null;
  expect(found.leftOut).toEqual(malformed);
  return Array.from({ length: rows }, (_, row) => {
    const run = found.rows.findLast((each) => each.row <= row);
    return run === undefined ? null : run.line + row - run.row;
  });
}

it.each<[what: string, content: string, malformed: number[], lines: number[]]>([
  ['one a line', 'a,b\n1,2\n3,4\n', [], [2, 3]],
  ['without a newline at the end', 'a,b\n1,2\n3,4', [], [2, 3]],
  ['CRLF', 'a,b\r\n1,2\r\n3,4\r\n', [], [2, 3]],
  ['blank lines between', 'a,b\n\n1,2\n\r\n\n3,4\n', [], [3, 6]],
  ['newlines in quotes', 'a,b\n1,"x\ny"\n3,4\n5,"\n\n"\n6,7\n', [], [2, 4, 5, 8]],
  ['quotes in quotes', 'a,b\n1,"x""\n""y"\n3,4\n', [], [2, 4]],
  ['malformed lines between', 'a,b\n1,2\nx\n3,4\ny\nz\n5,6\n', [3, 5, 6], [2, 4, 7]],
  ['malformed lines first and last', 'a,b\nx\n1,2\ny\n', [2, 4], [3]],
  ['malformed lines and newlines in quotes', 'a,b\nx\n1,"p\nq"\ny\n\n3,4\n', [2, 5], [3, 7]],
])('%s', async (_, content, malformed, lines) => {
  expect(await linesOf(content, lines.length, malformed)).toEqual(lines);
});

it('counts the lines that are left out before the header', async () => {
  expect(await linesOf('made by\nhand\na,b\n1,2\n3,4\n', 2, [], 2)).toEqual([4, 5]);
});

it('does not know lines of another number of records than was read', async () => {
  expect(await linesOf('a,b\n1,2\n3,4\n', 5)).toBeNull();
});

it('unpacks gzip', async () => {
  await writeFile(`${path}.gz`, gzipSync('a,b\n1,"x\ny"\n3,4\n'));
  expect(await findLines(`${path}.gz`, DIALECT, 2, [])).toMatchObject({
    leftOut: [],
    rows: [
      { row: 0, line: 2 },
      { row: 1, line: 4 },
    ],
  });
});
