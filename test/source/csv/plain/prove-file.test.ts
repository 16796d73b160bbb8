import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, expect, it } from 'vitest';
import { plainCells } from '../../../../src/source/csv/plain/cell-automaton.ts';
import { proveFile } from '../../../../src/source/csv/plain/prove-file.ts';
import { temporaryFolder } from '../../../support/project.ts';

const DIALECT = {
  ...{ delimiter: ',', quote: '"', escape: '"', encoding: 'utf-8' },
  ...{ header: true, skip: 0, names: ['a', 'b', 'c'], preamble: 0, isSkipPlain: true },
};
const CELLS = [plainCells('BIGINT', 'exact'), null, plainCells('DOUBLE', 'plain')];

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

async function prove(content: string | Buffer, dialect: Partial<typeof DIALECT> = {}, name = 'in.csv') {
  const path = join(folder, name);
  await writeFile(path, content);
  const proof = await proveFile({
    path,
    dialect: { ...DIALECT, ...dialect },
    decimalSeparator: '.',
    cells: CELLS,
  });
  return proof === null ? null : { records: proof.records, odd: [...proof.odd].sort() };
}

it.each<[what: string, content: string, records: number, odd: number[]]>([
  ['plain cells', 'a,b,c\n1,x,1.5\n2,y,2\n', 2, []],
  ['empty cells', 'a,b,c\n,,\n1,,\n', 2, []],
  ['no newline at the end', 'a,b,c\n1,x,1.5', 1, []],
  ['CRLF', 'a,b,c\r\n1,x,1.5\r\n2,y,2', 2, []],
  ['a byte order mark', '\ufeffa,b,c\n1,x,1.5\n', 1, []],
  ['quotes', '"a","b","c"\n"1","x ""y"", z","1.5"\n"","",""\n', 2, []],
  ['cells that are odd', 'a,b,c\n1,x,1.5\n07,y,2\n', 2, [0]],
  ['cells that are odd in quotes', 'a,b,c\n1,x,"1,5"\n', 1, [2]],
  ['odd cells of several columns in one row', 'a,b,c\nx,y,z\n1,2,3\n', 2, [0, 2]],
  ['a cell that breaks off', 'a,b,c\n-,x,1e\n', 1, [0, 2]],
])('sees %s', async (_, content, records, odd) => {
  expect(await prove(content)).toEqual({ records, odd });
});

it.each<[what: string, content: string]>([
  ['a field too few', 'a,b,c\n1,x\n'],
  ['a field too many', 'a,b,c\n1,x,1.5,\n'],
  ['a blank line', 'a,b,c\n1,x,1.5\n\n'],
  ['a newline in quotes', 'a,b,c\n1,"x\ny",1.5\n'],
  ['text behind a quote', 'a,b,c\n1,"x"y,1.5\n'],
  ['a quote within a field', 'a,b,c\n1,x"y,1.5\n'],
  ['a quote that is never closed', 'a,b,c\n1,"x,1.5\n2,y,2\n'],
  ['mixed newlines', 'a,b,c\r\n1,x,1.5\r\n2,y,2\n'],
  ['a carriage return within a line', 'a,b,c\n1,x\ry,1.5\n'],
  ['a zero byte', 'a,b,c\n1,x\0,1.5\n'],
])('proves nothing of a file with %s', async (_, content) => {
  expect(await prove(content)).toBeNull();
});

it('proves nothing where quotes are escaped otherwise, or the encoding is another', async () => {
  const plain = 'a,b,c\n1,x,1.5\n';
  expect(await prove(plain, { escape: '\\' })).toBeNull();
  expect(await prove(plain, { encoding: 'latin-1' })).toBeNull();
  expect(await prove(plain, { delimiter: '||' })).toBeNull();
});

it('reads behind the lines that are passed over, and without a header', async () => {
  expect(await prove('made by hand\na,b,c\n1,x,1.5\n', { skip: 1 })).toEqual({ records: 1, odd: [] });
  expect(await prove('1,x,1.5\n2,y,1.5\n', { header: false })).toEqual({ records: 2, odd: [] });
});

it('reads a file of many blocks, packed or not, and finds the one odd cell', async () => {
  const lines = Array.from({ length: 120_000 }, (_, row) => `${row},text ${row % 7},${row / 8}`);
  const plain = `a,b,c\n${lines.join('\n')}\n`;
  expect(await prove(plain)).toEqual({ records: 120_000, odd: [] });
  lines[77_777] = '5,x,n/a';
  const odd = `a,b,c\n${lines.join('\n')}\n`;
  expect(await prove(odd)).toEqual({ records: 120_000, odd: [2] });
  expect(await prove(gzipSync(odd, { level: 1 }), {}, 'in.csv.gz')).toEqual({ records: 120_000, odd: [2] });
});

it('proves nothing of a line that is longer than its buffer', async () => {
  expect(await prove(`a,b,c\n1,${'x'.repeat(1_100_000)},1.5\n`)).toBeNull();
});
