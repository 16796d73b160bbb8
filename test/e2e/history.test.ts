import { readdir, readFile, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/effects.ts';
import { acquireLock } from '../../src/runs/lock/lock.ts';
import { openDatabase, parquetRows } from '../support/database.ts';
import { makeProject, type Project } from '../support/project.ts';

/** A grid whose only gap is product 2 in store 2 on a Monday. */
const GRID = `
input: {grid: {store: {values: [1, 2]}, product: {values: [1, 2]}, days: 7}}
features:
  tables: {stores: fixtures/stores.csv, products: fixtures/products.csv, demand: fixtures/demand.parquet}
  select: |
    SELECT CASE WHEN store = 2 AND product = 2 AND isodow(date) = 1 THEN NULL ELSE price END AS price,
      0.0 AS discount, isodow(date) - 1 AS day_of_week, month(date) AS month, size_sqm, lag_7, lag_14, mean_28,
      0 AS region, 0 AS category
    FROM input LEFT JOIN stores USING (store) LEFT JOIN products USING (product)
    LEFT JOIN demand USING (store, product)
onInvalid: reject
model: fixtures/sales.onnx
kv: {key: "{store}:{product}", field: "{date}"}
`;

const TABLE = `
input: fixtures/sales.csv
model: fixtures/sales-by-column.onnx
kv: {key: "{store}:{product}", field: "{date}"}
onInvalid: reject
`;

let project: Project;
/** Of the job "weekly-table", oldest first; the second has rejects. */
const runs: string[] = [];
let gap: string;

beforeAll(async () => {
  project = await makeProject({ jobs: { 'weekly-table': TABLE, grid: GRID } });
  const lines = (await readFile(project.path('fixtures/sales.csv'), 'utf8')).trimEnd().split('\n');
  const bad = lines.slice(0, 301).map((line, index) => {
    if (index === 5 || index === 6) return line.replace(/(,\d{4}-\d\d-\d\d,)[\d.]+/, '$1n/a');
    return index === 7 ? '1,2' : line;
  });
  await project.write('bad.csv', `${bad.join('\n')}\n`);
  await project.write('good.csv', `${lines.slice(0, 101).join('\n')}\n`);
  for (const input of ['good.csv', 'bad.csv', 'fixtures/sales.csv'])
    runs.push((await project.run(['weekly-table', '--input', input, '--shard-rows', '2000'])).runId);
  const result = await project.serveBatch(['run', 'grid', '--occurrence', '2026-11-21', '--json']);
  expect(result.code).toBe(5);
  gap = JSON.parse(result.stdout).runId;
});

async function call(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await project.serveBatch(args);
  expect(stderr).not.toContain('error');
  expect(code).toBe(0);
  return stdout;
}

async function rowsOf(sql: string, ...args: string[]): Promise<Record<string, unknown>[]> {
  return JSON.parse(await call('query', sql, '--format', 'json', ...args));
}

describe('runs ls', () => {
  const listed = async (...args: string[]): Promise<string[]> =>
    (JSON.parse(await call('runs', 'ls', '--json', ...args)) as { runId: string }[]).map(
      ({ runId }) => runId,
    );

  it('filters by job, status, time and number', async () => {
    const [first = '', second = '', third = ''] = runs;
    expect(await listed()).toEqual([gap, third, second, first]);
    expect(await listed('--limit', '2')).toEqual([gap, third]);
    expect(await listed('--status', 'superseded', '--job', 'weekly-table')).toEqual([second, first]);
    expect(await listed('--status', 'published,committed')).toEqual([gap, third]);
    expect(await listed('--since', '1h')).toHaveLength(4);
    expect(await listed('--since', '2099-01-01')).toEqual([]);
  });

  it('shows occurrence and coverage where a listed run has one', async () => {
    const [header, newest] = (await call('runs', 'ls')).split('\n');
    expect(header).toMatch(/^RUN +JOB +OCCURRENCE +STATUS +ROWS +REJECTS +ROWS\/S +DURATION +COVERAGE$/);
    expect(newest).toMatch(/ 2026-11-21T00:00Z +committed +28 +1 .* 96\.428%$/);
    const [plain] = (await call('runs', 'ls', '--job', 'weekly-table')).split('\n');
    expect(plain).toMatch(/^RUN +JOB +STATUS +ROWS +REJECTS +ROWS\/S +DURATION$/);
  });

  it('knows no other status', async () => {
    const { code, stderr } = await project.serveBatch(['runs', 'ls', '--status', 'publisched']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean "published"?');
  });
});

describe('runs show', () => {
  it('shows stages, the slowest shards, versions and the reasons of rejects', async () => {
    const text = await call('runs', 'show', runs[1] ?? '');
    expect(text).toMatch(/versions +serve-batch \S+, Node \S+, ONNX Runtime \S+, DuckDB/);
    expect(text).toMatch(/^STAGE +WORK +SHARE$/m);
    expect(text).toMatch(/^infer +[\d.]+ s +[\d.]+%$/m);
    expect(text).toMatch(/^SHARD +ROWS +REJECTS +ATTEMPT/m);
    expect(text).toMatch(/^ +2 +price +holds \.\.\.; the model input "price" is float32 +n\/a$/m);
    expect(text).toMatch(/^ +1 +has 2 fields; expected 13 +1,2$/m);
  });

  it('--json is the run record and more', async () => {
    const record = JSON.parse(await call('runs', 'show', runs[1] ?? '', '--json'));
    expect(record).toMatchObject({
      runId: runs[1],
      status: 'superseded',
      rejects: 3,
      slowestShards: [{ shard: 0, attempt: 1, reused: false, rejects: 2 }],
      rejectReasons: [{ column: 'price', rejects: 2, example: 'n/a' }, { rejects: 1 }],
    });
    expect(record.slowestShards[0].seconds).toBeGreaterThan(0);
  });

  it('--missing lists the keys of a grid that have no prediction', async () => {
    expect(await call('runs', 'show', gap)).toMatch(/missing +1; list them with --missing/);
    const keys = [{ store: 2, product: 2, date: '2026-11-23' }];
    expect(JSON.parse(await call('runs', 'show', gap, '--missing', '--json'))).toEqual(keys);
    expect(await call('runs', 'show', gap, '--missing')).toBe(
      'store  product  date\n    2        2  2026-11-23\n',
    );
    const { code, stderr } = await project.serveBatch(['runs', 'show', runs[0] ?? '', '--missing']);
    expect(code).toBe(2);
    expect(stderr).toContain('not of a grid');
  });

  it('--rejects lists the rejected rows, and says how many more there are', async () => {
    const shown = await call('runs', 'show', runs[1] ?? '', '--rejects', '--limit', '2');
    expect(shown).toMatch(/^bad\.csv +5 +6 +price +n\/a +holds "n\/a"/m);
    expect(shown).toContain('and 1 more');
    expect(JSON.parse(await call('runs', 'show', runs[1] ?? '', '--rejects', '--json'))).toHaveLength(3);
    expect(await call('runs', 'show', runs[0] ?? '', '--rejects')).toBe('No row was rejected.\n');
  });
});

describe('query', () => {
  it('runs: one row a run, as runs ls knows them', async () => {
    expect(
      await rowsOf(
        'SELECT job, run_id, status, rows_in, rejects, coverage, occurrence FROM runs ORDER BY run_id',
      ),
    ).toEqual([
      ...runs.map((run_id, index) => ({
        job: 'weekly-table',
        run_id,
        status: index === 2 ? 'published' : 'superseded',
        rows_in: [100, 300, 7000][index],
        rejects: index === 1 ? 3 : 0,
        coverage: null,
        occurrence: null,
      })),
      {
        job: 'grid',
        run_id: gap,
        status: 'committed',
        rows_in: 28,
        rejects: 1,
        coverage: 27 / 28,
        occurrence: '2026-11-21 00:00:00+00',
      },
    ]);
    const [row] = await rowsOf(
      'SELECT typeof(started_at) AS t, finished_at >= started_at AS ordered FROM runs',
    );
    expect(row).toEqual({ t: 'TIMESTAMP WITH TIME ZONE', ordered: true });
  });

  it('shards and runs agree', async () => {
    const rows = await rowsOf(
      `SELECT r.run_id, r.rows_out = sum(s.rows_out) AND r.bytes = sum(s.bytes) AND r.shards = count(*) AS agree
       FROM runs r JOIN shards s USING (job, run_id) GROUP BY r.run_id, r.rows_out, r.bytes, r.shards`,
    );
    expect(rows).toHaveLength(4);
    expect(rows.every(({ agree }) => agree === true)).toBe(true);
  });

  it('rejects of jobs with different columns, their rows as JSON', async () => {
    expect(
      await rowsOf(
        `SELECT job, "row", line, "column", value, input->>'date' AS date FROM rejects ORDER BY job, "row"`,
      ),
    ).toEqual([
      { job: 'grid', row: 21 + 3, line: null, column: 'price', value: null, date: '2026-11-23' },
      { job: 'weekly-table', row: 5, line: 6, column: 'price', value: 'n/a', date: '2026-11-25' },
      { job: 'weekly-table', row: 6, line: 7, column: 'price', value: 'n/a', date: '2026-11-26' },
      { job: 'weekly-table', row: null, line: 8, column: null, value: '1,2', date: null },
    ]);
  });

  it('a view a job holds the published predictions, with the columns of the parts', async () => {
    const database = await openDatabase();
    const { folder } = (await project.published('weekly-table')) ?? { folder: '' };
    const parts = [0, 1, 2, 3].map((part) => `${folder}/parts/part-0000${part}.parquet`);
    const expected = await parquetRows(database, ...parts);
    expect(expected).toHaveLength(7000);
    const csv = (await call('query', 'FROM "weekly-table"', '--format', 'csv')).trimEnd().split('\n');
    expect(csv[0]).toBe('store,product,date,sales');
    expect(csv.slice(1).map((line) => line.split(',').slice(0, 3).join())).toEqual(
      expected.map(({ store, product, date }) => [store, product, date].join()),
    );
    expect(await call('query', 'FROM "weekly-table"', '-o', project.path('copy.parquet'))).toBe('');
    expect(await parquetRows(database, project.path('copy.parquet'))).toEqual(expected);
  });

  it('a table shows 40 rows, or as many as --limit says', async () => {
    const { stdout, stderr } = await project.serveBatch(['query', 'FROM "weekly-table"']);
    expect(stdout.split('\n')).toHaveLength(1 + 40 + 1);
    expect(stderr).toContain('The first 40 rows.');
    const limited = await project.serveBatch(['query', 'FROM "weekly-table"', '--limit', '3']);
    expect(limited.stdout.split('\n')).toHaveLength(1 + 3 + 1);
    expect(limited.stderr).toBe('');
  });

  it('reads the SQL from standard input, and restricts to one job', async () => {
    const { stdout } = await project.serveBatch(['query', '-', '--job', 'grid', '--format', 'csv'], {
      stdin: '-- comment\nSELECT DISTINCT job FROM runs;\n',
    });
    expect(stdout).toBe('job\ngrid\n');
    expect(await call('query', 'SHOW TABLES', '--format', 'csv')).toBe(
      'name\naccuracy\noccurrences\nrejects\nruns\nshards\nweekly-table\n',
    );
  });

  it.each([
    ['SELECT * FROM weekly-table', 'Write "weekly-table", in double quotes.'],
    ['SELECT * FROM "weekly-tabel"', 'Did you mean "weekly-table"?'],
    ['FROM grid', 'The job "grid" has published nothing yet'],
    ['SELECT nothing FROM runs', 'Referenced column "nothing" not found'],
    ['SELECT CAST(job AS INTEGER) FROM runs', 'Could not convert string'],
    ["FROM read_text('/etc/passwd')", 'file system operations are disabled'],
    ["FROM read_csv('good.csv')", 'file system operations are disabled'],
    ["COPY (SELECT 1) TO 'out/weekly-table/current'", 'is not a SELECT'],
    ['SET enable_external_access = true', 'is not a SELECT'],
  ])('%s', async (sql, problem) => {
    const { code, stderr, stdout } = await project.serveBatch(['query', sql]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(problem);
    if (!problem.includes('not a SELECT'))
      expect(stderr).toContain('Views: runs, shards, rejects, occurrences, accuracy, "weekly-table".');
  });

  it('leaves a file alone that it cannot replace with a whole one', async () => {
    await writeFile(project.path('kept.csv'), 'kept');
    const sql = "SELECT CASE WHEN i = 9000 THEN CAST(i || 'x' AS INTEGER) ELSE i END FROM range(10000) t(i)";
    const { code } = await project.serveBatch(['query', sql, '-o', project.path('kept.csv')]);
    expect(code).toBe(2);
    expect(await readFile(project.path('kept.csv'), 'utf8')).toBe('kept');
  });

  it('leaves no temporary folder behind, also where its reader goes away', async () => {
    await project.write('tmp/.keep', '');
    const running = project.start(['query', 'FROM range(3000000)', '--format', 'csv'], {
      env: { TMPDIR: project.path('tmp') },
    });
    running.process.stdout?.once('data', () => running.process.stdout?.destroy());
    expect((await running.result).code).toBe(0);
    expect(await readdir(project.path('tmp'))).toEqual(['.keep']);
  });

  it('reads folders whose names look like patterns', async () => {
    const odd = await makeProject({ jobs: { 'weekly-table': TABLE } });
    await odd.run(['weekly-table', '--input', 'fixtures/sales.parquet', '--output', "o'[x]*"]);
    const sql =
      'SELECT count(*) AS n, (SELECT count(*) FROM shards) AS s, (SELECT count(*) FROM runs) AS r FROM "weekly-table"';
    const { stdout, stderr } = await odd.serveBatch(['query', sql, '--output', "o'[x]*", '--format', 'csv']);
    expect({ stdout, stderr }).toEqual({ stdout: 'n,s,r\n7000,1,1\n', stderr: '' });
  });

  it('works in an empty folder', async () => {
    const empty = await makeProject({ jobs: {}, fixtures: false });
    const { stdout } = await empty.serveBatch(['query', 'SELECT count(*) AS n FROM runs, shards, rejects']);
    expect(stdout).toBe('n\n0\n');
  });
});

describe('rollback to a run, and prune', () => {
  it('rollback refuses a run that readers never saw, and the published one', async () => {
    const never = await project.serveBatch(['rollback', 'grid', gap]);
    expect(never.stderr).toContain('has published nothing yet');
    const current = await project.serveBatch(['rollback', 'weekly-table', runs[2] ?? '']);
    expect(current.code).toBe(2);
    expect(current.stderr).toContain('is the published one already');
    const other = await project.serveBatch(['rollback', 'weekly-table', gap]);
    expect(other.code).toBe(4);
  });

  it('rollback to a run leaves all later ones behind', async () => {
    await call('rollback', 'weekly-table', runs[0] ?? '');
    expect((await project.published('weekly-table'))?.runId).toBe(runs[0]);
    expect(await rowsOf('SELECT status FROM runs ORDER BY run_id', '--job', 'weekly-table')).toEqual(
      ['published', 'rolled back', 'rolled back'].map((status) => ({ status })),
    );
    const back = await project.serveBatch(['rollback', 'weekly-table', runs[2] ?? '']);
    expect(back.code).toBe(2);
    expect(back.stderr).toContain(`serve-batch publish ${runs[2]}`);
    await call('publish', runs[1] ?? '');
    await call('publish', runs[2] ?? '');
  });

  it('prune deletes what is beyond --keep, but not what readers and a rollback need', async () => {
    const nothing = await project.serveBatch(['runs', 'prune']);
    expect(nothing.code).toBe(2);
    const dry = JSON.parse(await call('runs', 'prune', '--keep', '1', '--dry-run', '--json'));
    expect(dry).toMatchObject({
      dryRun: true,
      jobs: [{ job: 'grid', pruned: [] }, { pruned: [{ runId: runs[0] }] }],
    });
    expect(await project.runs('weekly-table')).toEqual(runs);
    expect(await call('runs', 'prune', '--keep', '1')).toMatch(
      new RegExp(`^${runs[0]} +weekly-table +[\\d.]+ kB\nDeleted 1 run, [\\d.]+ kB; 3 kept.$`, 'm'),
    );
    expect(await project.runs('weekly-table')).toEqual(runs.slice(1));
    await call('rollback', 'weekly-table');
    expect((await project.published('weekly-table'))?.runId).toBe(runs[1]);
  });

  it('prune goes on with other jobs where one is running, and exits with 6', async () => {
    const lock = await acquireLock(project.path('out/grid'), { clock: systemClock, command: 'test' });
    const { code, stdout } = await project.serveBatch(['runs', 'prune', '--older-than', '2099-01-01']);
    await lock.release();
    expect(code).toBe(6);
    expect(stdout).toContain(`${runs[2]}`);
    expect(await project.runs('grid')).toEqual([gap]);
  });
});
