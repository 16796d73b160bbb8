import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ResolvedInput } from '../../../src/core/table.ts';
import type { Database } from '../../../src/source/duckdb/database.ts';
import { findFiles } from '../../../src/source/files/find-files.ts';
import { fingerprintGrid } from '../../../src/source/grid/fingerprint-grid.ts';
import { BLOCK_CELLS } from '../../../src/source/grid/grid-rows.ts';
import type { DimensionSpec } from '../../../src/source/grid/grid-spec.ts';
import { resolveGrid } from '../../../src/source/grid/resolve-grid.ts';
import { rowsSql } from '../../../src/source/shard-relation.ts';
import { openDatabase } from '../../support/database.ts';
import { temporaryFolder } from '../../support/project.ts';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(join(folder, 'stores.csv'), 'store,region\n7,north\n3,south\n7,west\n5,north\n');
  await writeFile(join(folder, 'gaps.csv'), 'store,name\n1,a\n,b\n2,c\n');
  await writeFile(join(folder, 'closed.csv'), 'store,day\n3,2026-11-22\n5,2026-11-21\n');
});

const stores = (): DimensionSpec => ({
  kind: 'file',
  name: 'stores',
  path: join(folder, 'stores.csv'),
  column: null,
});
const days = (count: number): DimensionSpec => ({
  kind: 'range',
  name: 'day',
  from: '2026-11-21',
  to: null,
  days: count,
  hours: null,
  step: null,
});
const numbers = (name: string, to: number): DimensionSpec => ({
  kind: 'range',
  name,
  from: 1,
  to,
  days: null,
  hours: null,
  step: null,
});

interface Resolved {
  readonly database: Database;
  readonly input: ResolvedInput;
}

/** In a database of its own: tables of dimensions are made once for each. */
async function resolve(
  dimensions: readonly DimensionSpec[],
  filter: string | null = null,
): Promise<Resolved> {
  const database = await openDatabase();
  const spec = { dimensions, filter };
  const closed = { name: 'closed', sources: await findFiles([join(folder, 'closed.csv')]) };
  const input = await resolveGrid(database, spec, await fingerprintGrid(spec), [closed]);
  return { database, input };
}

async function rowsOf({ database, input }: Resolved, rowStart = 0, rowEnd = input.rows): Promise<unknown[]> {
  return database.rows(await rowsSql(database, input, { rowStart, rowEnd }, { numbered: true }));
}

interface ExplainedNode {
  readonly name: string;
  readonly extra_info: Readonly<Record<string, unknown>>;
  readonly children: readonly ExplainedNode[];
}

/** From the last one to the first. */
function joinsOf(nodes: readonly ExplainedNode[]): readonly ExplainedNode[] {
  return nodes.flatMap((node) => [
    ...(node.name.trim() === 'HASH_JOIN' ? [node] : []),
    ...joinsOf(node.children),
  ]);
}

describe('a grid', () => {
  it('has a row for each combination of distinct values, the last dimension fastest', async () => {
    const grid = await resolve([stores(), days(2), { kind: 'list', name: 'kind', values: ['a', 'b', 'a'] }]);
    expect(grid.input).toMatchObject({
      format: 'grid',
      rows: 12,
      columns: [
        { name: 'store', type: 'BIGINT' },
        { name: 'day', type: 'DATE' },
        { name: 'kind', type: 'VARCHAR' },
      ],
    });
    const rows = await rowsOf(grid);
    expect(rows.slice(0, 5)).toEqual([
      { store: '7', day: '2026-11-21', kind: 'a', input_row: '0' },
      { store: '7', day: '2026-11-21', kind: 'b', input_row: '1' },
      { store: '7', day: '2026-11-22', kind: 'a', input_row: '2' },
      { store: '7', day: '2026-11-22', kind: 'b', input_row: '3' },
      { store: '3', day: '2026-11-21', kind: 'a', input_row: '4' },
    ]);
    expect(rows).toHaveLength(12);
  });

  it('has types of lists, of times and of columns called otherwise', async () => {
    const { input } = await resolve([
      { kind: 'file', name: 'shop', path: join(folder, 'stores.csv'), column: 'store' },
      { kind: 'list', name: 'share', values: [1, 0.5] },
      { kind: 'list', name: 'flag', values: [true, false] },
      { ...days(1), name: 'time', step: 3600 } as DimensionSpec,
    ]);
    expect(input.columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'shop BIGINT',
      'share DOUBLE',
      'flag BOOLEAN',
      'time TIMESTAMP',
    ]);
  });

  it('has the texts of files whose numbers would print otherwise, since they make keys', async () => {
    await writeFile(join(folder, 'codes.csv'), 'Store,size\n7,1\n007,2\n1E5,3\n8,4\n');
    const grid = await resolve([{ ...stores(), path: join(folder, 'codes.csv') } as DimensionSpec]);
    expect(grid.input.columns).toEqual([{ name: 'Store', type: 'VARCHAR' }]);
    expect(await rowsOf(grid)).toMatchObject(['7', '007', '1E5', '8'].map((each) => ({ Store: each })));
  });

  it.each([null, '(a + b) % 3 > 0', 'a % 400 = 0'])(
    'gives the same rows in any ranges, with the filter %s',
    async (filter) => {
      const grid = await resolve([numbers('a', 500), numbers('b', 700)], filter);
      expect(grid.input.rows).toBeGreaterThan(600);
      if (filter !== null) expect(grid.input.grid?.blocks).toHaveLength(Math.ceil(350_000 / BLOCK_CELLS));
      const all = await rowsOf(grid);
      expect(all).toHaveLength(grid.input.rows);
      const bounds = [0, 1, 350, 500, 600, 122_880, 200_000, grid.input.rows].filter(
        (bound, index, list) => bound <= grid.input.rows && list.indexOf(bound) === index,
      );
      for (const [index, start] of bounds.slice(0, -1).entries())
        expect(await rowsOf(grid, start, bounds[index + 1])).toEqual(all.slice(start, bounds[index + 1]));
    },
  );

  it('is expected by DuckDB to have its rows: joins then hash the small tables, not the grid', async () => {
    const grid = await resolve([stores(), numbers('a', 500), numbers('b', 700)]);
    const rows = await rowsSql(
      grid.database,
      grid.input,
      { rowStart: 7, rowEnd: 50_007 },
      { numbered: true },
    );
    const [plan] = await grid.database.rows(
      `EXPLAIN (FORMAT json) SELECT * FROM (${rows}) AS made LEFT JOIN range(500) AS joined ON joined.range = made.a`,
    );
    const [join] = joinsOf(JSON.parse(String(plan?.explain_value)));
    expect(join?.extra_info).toMatchObject({ 'Join Type': 'LEFT', 'Estimated Cardinality': '50000' });
  });

  it('lets the filter read tables', async () => {
    const grid = await resolve([stores(), days(2)], '(store, day) NOT IN (SELECT (store, day) FROM closed)');
    expect(await rowsOf(grid)).toEqual([
      { store: '7', day: '2026-11-21', input_row: '0' },
      { store: '7', day: '2026-11-22', input_row: '1' },
      { store: '3', day: '2026-11-21', input_row: '2' },
      { store: '5', day: '2026-11-22', input_row: '3' },
    ]);
  });

  it.each<[string, () => readonly DimensionSpec[], string | null, string, string]>([
    [
      'an unknown column',
      () => [{ ...stores(), column: 'shop' } as DimensionSpec],
      null,
      'INPUT_GRID',
      'has no column shop. It has store, region',
    ],
    [
      'a value that is empty',
      () => [{ ...stores(), path: join(folder, 'gaps.csv') } as DimensionSpec],
      null,
      'INPUT_GRID',
      'is empty in 1 rows',
    ],
    ['a filter with an unknown column', () => [stores()], 'shop > 1', 'INPUT_GRID', 'input.filter fails'],
    ['a filter that is no condition', () => [stores()], 'store >', 'INPUT_GRID', 'input.filter fails'],
    [
      'a filter that leaves nothing',
      () => [stores()],
      'store > 100',
      'INPUT_EMPTY',
      'No row of input.grid meets',
    ],
    [
      'two columns of one name',
      () => [stores(), numbers('Store', 2)],
      null,
      'INPUT_GRID',
      '"Store" of input.grid is there twice',
    ],
    [
      'the name of the row number',
      () => [numbers('input_row', 2)],
      null,
      'INPUT_GRID',
      'serve-batch uses itself',
    ],
    [
      'a missing file',
      () => [{ ...stores(), path: join(folder, 'shops.csv') } as DimensionSpec],
      null,
      'INPUT_NOT_FOUND',
      'shops.csv does not exist',
    ],
  ])('refuses %s', async (_, dimensions, filter, code, message) => {
    await expect(resolve(dimensions(), filter)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it('names the dimension whose file is missing', async () => {
    const dimensions = [stores(), { ...stores(), name: 'shops', path: join(folder, 'shops.csv') }];
    await expect(fingerprintGrid({ dimensions, filter: null })).rejects.toMatchObject({
      code: 'INPUT_NOT_FOUND',
      message: expect.stringMatching(/^input\.grid\.shops: .*shops\.csv does not exist/),
    });
  });

  it('has another fingerprint with other values, files or filters', async () => {
    const prints = await Promise.all([
      fingerprintGrid({ dimensions: [stores()], filter: null }),
      fingerprintGrid({ dimensions: [stores()], filter: 'store > 1' }),
      fingerprintGrid({ dimensions: [stores(), days(7)], filter: null }),
      fingerprintGrid({ dimensions: [stores(), days(8)], filter: null }),
    ]);
    expect(new Set(prints.map(({ fingerprint }) => fingerprint)).size).toBe(4);
    const again = await fingerprintGrid({ dimensions: [stores()], filter: null });
    expect(again.fingerprint).toBe(prints[0]?.fingerprint);
  });
});
