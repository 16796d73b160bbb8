import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import type { TableFormat } from '../../../src/core/table.ts';
import { assertIsWhatItSays } from '../../../src/source/formats/what-it-is.ts';
import { temporaryFolder } from '../../support/project.ts';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
});

async function look(content: string | Buffer, format: TableFormat, name = 'a.csv'): Promise<void> {
  await writeFile(join(folder, name), content);
  await assertIsWhatItSays([{ path: join(folder, name) }], format);
}

it.each<[what: string, content: string | Buffer]>([
  ['a Parquet file', 'PAR1\x15\x04'],
  ['an Arrow file', 'ARROW1\0\0'],
  ['a ZIP archive, as Excel writes (.xlsx)', 'PK\x03\x04\x14'],
  ['an old Excel file (.xls)', Buffer.from('d0cf11e0a1b11ae1', 'hex')],
  ['compressed with gzip', Buffer.from('1f8b0800', 'hex')],
  ['HTML or XML', '\n<!DOCTYPE html><html>'],
  ['JSON', '{"a": 1}\n'],
  ['JSON', '[{"a": 1}]'],
])('refuses a CSV that is %s', async (what, content) => {
  await expect(look(content, 'csv')).rejects.toMatchObject({
    code: 'INPUT_UNREADABLE',
    message: expect.stringContaining(`a.csv is ${what}; CSV was expected.`),
  });
});

it.each<[content: string | Buffer, format: TableFormat, name?: string]>([
  ['id,price\n1,2\n', 'csv'],
  ['{id},{price}\n1,2\n', 'csv'],
  ['<5,>5\n1,2\n', 'csv'],
  ['"PAR1"\n1\n', 'csv'],
  ['{"a": 1}', 'json'],
  ['ARROW1', 'arrow'],
  [Buffer.from('1f8b0800', 'hex'), 'csv', 'a.csv.gz'],
])('takes %s for %s', async (content, format, name) => {
  await expect(look(content, format, name)).resolves.toBeUndefined();
});
