import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedInput } from '../../../src/core/table.ts';
import type { Database } from '../../../src/source/database.ts';
import { rowsSql } from '../../../src/source/shard-relation.ts';
import { openDatabase, parquetRows } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';
import { type ResolveOptions, resolveTable } from '../../support/resolve-table.ts';

let database: Database;
let folder: string;

beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
});

async function stage(
  content: string | Buffer,
  options?: ResolveOptions,
  name = 't.jsonl',
): Promise<ResolvedInput> {
  const path = join(folder, name);
  await writeFile(path, content);
  return resolveTable(database, path, options);
}

async function read(input: ResolvedInput): Promise<Record<string, unknown>[]> {
  return database.rows(await rowsSql(database, input, { rowStart: 0, rowEnd: input.rows }));
}

describe('reads', () => {
  it.each<[what: string, content: string, rows: Record<string, unknown>[]]>([
    [
      'an object a line',
      '{"a": 1, "b": "x"}\n{"a": 2, "b": "y"}\n',
      [
        { a: '1', b: 'x' },
        { a: '2', b: 'y' },
      ],
    ],
    [
      'missing members as null',
      '{"a": 1}\n{"b": "y"}\n',
      [
        { a: '1', b: null },
        { a: null, b: 'y' },
      ],
    ],
    ['whole and broken numbers', '{"a": 1}\n{"a": 2.5}\n', [{ a: 1 }, { a: 2.5 }]],
    [
      'mixed types as text',
      '{"a": 1}\n{"a": "many"}\n{"a": true}\n',
      [{ a: '1' }, { a: 'many' }, { a: 'true' }],
    ],
    [
      'texts with all that JSON escapes',
      '{"a": "say \\"hi\\"\\n\\u00e9 \\ud83d\\ude42"}\n',
      [{ a: 'say "hi"\né 🙂' }],
    ],
    ['nested objects', '{"a": {"b": [1, 2]}}\n', [{ a: { b: ['1', '2'] } }]],
    ['empty lines between', '{"a": 1}\n\n{"a": 2}\n', [{ a: '1' }, { a: '2' }]],
    ['one array', '[{"a": 1}, {"a": 2}]', [{ a: '1' }, { a: '2' }]],
  ])('%s', async (_, content, rows) => {
    expect(await read(await stage(content))).toEqual(rows);
  });

  it('types that the job gives', async () => {
    const input = await stage('{"a": "1", "b": 2}\n', { json: { types: { a: 'DOUBLE', b: 'VARCHAR' } } });
    expect(input.columns).toEqual([
      { name: 'a', type: 'DOUBLE' },
      { name: 'b', type: 'VARCHAR' },
    ]);
  });

  it('the file that is named, not one that its name would match', async () => {
    await stage('{"a": 1}\n', {}, 'sales1.jsonl');
    expect(await read(await stage('{"a": 2}\n', {}, 'sales[1].jsonl'))).toEqual([{ a: '2' }]);
  });

  it('gzip', async () => {
    const input = await stage(gzipSync('{"a": 1}\n'), {}, 't.jsonl.gz');
    expect(await read(input)).toEqual([{ a: '1' }]);
  });
});

const MALFORMED = '{"a": 1}\n{"a": 2, "b\n\n{"a": 3}\nno json\n';

it('names file and line of what is not JSON', async () => {
  await expect(stage(MALFORMED, {}, 'bad.jsonl')).rejects.toMatchObject({ code: 'INPUT_MALFORMED_ROW' });
  await expect(stage(MALFORMED, {}, 'bad.jsonl')).rejects.toThrow(
    /bad\.jsonl:2 is not a JSON object: "\{\\"a\\": 2, \\"b" \(and 1 more such row\)/,
  );
});

it('sets lines aside that are not JSON, and reads all others', async () => {
  const stagingRejectsPath = join(folder, 'rejects/staging.parquet');
  const input = await stage(MALFORMED, { setAside: true, stagingRejectsPath }, 'aside.jsonl');
  expect(input).toMatchObject({ rows: 2, stagingRejects: 2 });
  expect(await read(input)).toEqual([{ a: '1' }, { a: '3' }]);
  const reason = 'is not a JSON object';
  expect(await parquetRows(database, stagingRejectsPath)).toMatchObject([
    { file: join(folder, 'aside.jsonl'), line: '2', value: '{"a": 2, "b', reason },
    { line: '5', value: 'no json', reason },
  ]);
});

it('says what is wrong with a .json file that was cut off', async () => {
  await expect(stage('[{"a": 1}, {"a"', {}, 'cut.json')).rejects.toMatchObject({ code: 'INPUT_UNREADABLE' });
});
