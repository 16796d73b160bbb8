import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writePlainCopy } from '../../../src/source/csv/plain-copy.ts';
import { temporaryFolder } from '../../support/project.ts';

const QUOTING = { encoding: 'utf-8', delimiter: ',', quote: '"', escape: '"', skip: 0 };

it.each<[what: string, content: string, copy: string]>([
  ['CRLF and LF', 'a,b\r\n1,2\n3,4\r\n', 'a,b\n1,2\n3,4\n'],
  ['all three', 'a\r1\r\n2\n3\r\r\n', 'a\n1\n2\n3\n\n'],
  ['newlines in quotes', 'a,b\r\n"x\r\ny",2\n"say ""\r\n""",4\r\n', 'a,b\n"x\r\ny",2\n"say ""\r\n""",4\n'],
  ['a quote inside a field', 'a\r\n5"x\r\n6\n', 'a\n5"x\n6\n'],
])('a copy of %s has line feeds', async (_, content, copy) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'in.csv'), content);
  expect(await writePlainCopy(join(folder, 'in.csv'), join(folder, 'out.csv'), QUOTING)).toBe(true);
  expect(await readFile(join(folder, 'out.csv'), 'utf8')).toBe(copy);
});

it.each<[what: string, content: string, skip: number, copy: string]>([
  ['quotes that are closed in another one', '"title\n1"\na,b\n1,2\n', 2, '-\n-\na,b\n1,2\n'],
  ['all newlines', 'x\ry\r\n\nz\r\na,b\r\n', 4, '-\n-\n-\n-\na,b\n'],
  ['a carriage return before a table', 'x\r\ra\n', 1, '-\n\na\n'],
])('a copy of a file whose skipped lines have %s has others', async (_, content, skip, copy) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'in.csv'), content);
  await writePlainCopy(join(folder, 'in.csv'), join(folder, 'out.csv'), { ...QUOTING, skip });
  expect(await readFile(join(folder, 'out.csv'), 'utf8')).toBe(copy);
});
