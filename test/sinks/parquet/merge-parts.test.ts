import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { mergeParts } from '../../../src/sinks/parquet/merge-parts.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { openDatabase, parquetRows } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

let database: Database;
let folder: string;
let parts: string[];
beforeAll(async () => {
  database = await openDatabase();
  folder = await temporaryFolder();
  parts = ['1.parquet', '0.parquet'].map((name) => join(folder, name));
  const row = `{'id': 9007199254740993, 'name': 'a,"b', 'empty': '', 'nothing': NULL::VARCHAR,
    'day': DATE '2026-11-21', 'p': 0.1::FLOAT, 'list': ['0.5', 'nan']::FLOAT[], 'deep': [['1.5', 'inf']]::DOUBLE[][]}`;
  await database.run(`COPY (SELECT unnest(${row})) TO '${parts[0]}'`);
  await database.run(
    `COPY (SELECT * REPLACE ('-inf'::FLOAT AS p) FROM (SELECT unnest(${row}))) TO '${parts[1]}'`,
  );
});

const merge = async (name: string): Promise<Buffer> => {
  const written = await mergeParts(database, parts, join(folder, name), 'zstd');
  const bytes = await readFile(join(folder, name));
  expect(written.bytes).toBe(bytes.length);
  return bytes;
};

const CSV = `id,name,empty,nothing,day,p,list,deep
9007199254740993,"a,""b","",,2026-11-21,0.1,"[0.5, nan]","[[1.5, inf]]"
9007199254740993,"a,""b","",,2026-11-21,-inf,"[0.5, nan]","[[1.5, inf]]"
`;

describe('parts become what the name says, in their order', () => {
  it('parquet', async () => {
    await merge('all.parquet');
    const rows = await parquetRows(database, join(folder, 'all.parquet'));
    expect(rows.map(({ p }) => p)).toEqual([Math.fround(0.1), '-Infinity']);
  });

  it('csv: null is nothing, and the empty text is ""', async () => {
    expect(String(await merge('all.csv'))).toBe(CSV);
  });

  it('csv.gz', async () => {
    expect(String(gunzipSync(await merge('all.csv.gz')))).toBe(CSV);
  });

  it('jsonl: no NaN and no infinities, and the digits that a FLOAT shows', async () => {
    const lines = String(await merge('all.jsonl'))
      .trim()
      .split('\n');
    const [first, second] = lines.map((line) => JSON.parse(line));
    expect(lines[0]).toContain('"id":9007199254740993');
    expect(first).toMatchObject({
      ...{ name: 'a,"b', empty: '', nothing: null, day: '2026-11-21' },
      ...{ p: 0.1, list: [0.5, null], deep: [[1.5, null]] },
    });
    expect(second.p).toBeNull();
  });
});

it('jsonl has no NaN and no infinities deep inside either', async () => {
  const part = join(folder, 'deep.parquet');
  await database.run(
    `COPY (SELECT {'a': 'nan'::DOUBLE, 'b': [{'c': '-inf'::FLOAT, 'd': 'x'}]} AS s, map {'k': 'inf'::DOUBLE} AS m,
       NULL::STRUCT(a DOUBLE) AS n, [NULL, {'e': 0.1::FLOAT}] AS l) TO '${part}'`,
  );
  await mergeParts(database, [part], join(folder, 'deep.jsonl'), 'zstd');
  expect(JSON.parse(await readFile(join(folder, 'deep.jsonl'), 'utf8'))).toEqual({
    ...{ s: { a: null, b: [{ c: null, d: 'x' }] }, m: { k: null } },
    ...{ n: null, l: [null, { e: 0.1 }] },
  });
});

it('leaves the old file, and nothing beside it, where a part cannot be read', async () => {
  const before = await merge('kept.csv');
  const lost = [...parts, join(folder, 'lost.parquet')];
  await expect(mergeParts(database, lost, join(folder, 'kept.csv'), 'zstd')).rejects.toThrow();
  expect(await readFile(join(folder, 'kept.csv'))).toEqual(before);
  expect((await readdir(folder)).filter((name) => name.startsWith('.'))).toEqual([]);
});
