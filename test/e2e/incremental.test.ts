import {
  appendFileSync,
  existsSync,
  readdirSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import type { Database } from '../../src/source/duckdb/database.ts';
import { openDatabase } from '../support/database.ts';
import { identityGraph, writeOnnx } from '../support/onnx.ts';
import { leftoversIn } from '../support/processes.ts';
import { makeProject, type Project } from '../support/project.ts';
import { killAfterShards } from './kill-after-shards.ts';

/** Which rows are taken is under test: a small model keeps the many runs cheap. */
const MODEL = 'model: identity.onnx\nfeatures: {columns: [price]}';
const JOBS = {
  rows: `${MODEL}\ninput: {path: data.parquet, incremental: {column: id}}\noutput: {path: out, columns: [id]}\n`,
  text: `${MODEL}\ninput: {path: data.csv, incremental: {column: id}}\noutput: {path: out, columns: [id]}\nonInvalid: reject\n`,
  files: `${MODEL}\ninput: {path: in, incremental: {files: true, settle: 0}}\noutput: {path: out, columns: [id]}\n`,
  settling: `${MODEL}\ninput: {path: "in/*.parquet", incremental: files}\noutput: {path: out, columns: [id]}\n`,
} as const;
type Job = keyof typeof JOBS;
/** Slow enough to be killed in the middle. */
const MANY = ['--shard-rows', '20', '--processes', '1'];

let project: Project;
let database: Database;

beforeEach(async () => {
  project = await makeProject({ jobs: JOBS });
  await writeOnnx(project.path('identity.onnx'), identityGraph(1));
  await mkdir(project.path('in'));
  database = await openDatabase();
});

/** Writes rows with the ids from `first` to `last`, of the sales table. */
async function write(name: string, first: number, last: number, id = 'n'): Promise<void> {
  const path = project.path(name);
  const options = name.endsWith('.csv') ? 'csv, HEADER' : 'parquet, ROW_GROUP_SIZE 2048';
  await database.run(
    `COPY (SELECT ${id} AS id, price FROM (SELECT row_number() OVER () AS n, price FROM '${project.path('fixtures/sales.parquet')}')
       WHERE n BETWEEN ${first} AND ${last} ORDER BY n) TO '${path}' (FORMAT ${options})`,
  );
}

/** The ids that a run scored, in order, as `1-20` where they follow each other. */
async function idsOf(job: Job, runId: string): Promise<string> {
  const parts = project.path('out', job, 'runs', runId, 'parts/*.parquet');
  const rows = await database.rows(
    `SELECT min(id) AS a, max(id) AS b, count(DISTINCT id) AS n FROM '${parts}'`,
  );
  expect(Number(rows[0]?.n)).toBe(Number(rows[0]?.b) - Number(rows[0]?.a) + 1);
  return `${rows[0]?.a}-${rows[0]?.b}`;
}

/** Takes away what a kill after its first shard would have left out, and returns its id. */
function asAfterKill(job: Job, { runId, output }: RunRecord): string {
  const late = readdirSync(`${output.path}/shards`).filter((name) => name !== '00000.json');
  const gone = [...late.map((name) => `shards/${name}`), 'run.json', '_SUCCESS', 'published.json'];
  for (const name of gone) rmSync(`${output.path}/${name}`);
  rmSync(project.path('out', job, 'current'));
  return runId;
}

async function expectNothingNew(job: Job, says: string): Promise<void> {
  const before = await project.runs(job);
  const { code, stdout } = await project.serveBatch(['run', job]);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: expect.stringContaining(`Nothing new for ${job}: ${says}`),
  });
  expect(stdout.trim().split('\n')).toHaveLength(1);
  expect(await project.runs(job)).toEqual(before);
}

describe('a table that grows', () => {
  it.each<[Job, string]>([
    ['rows', 'data.parquet'],
    ['text', 'data.csv'],
  ])('is taken from where the last run ended; without growth there is no run (%s)', async (job, table) => {
    await write(table, 1, 100);
    const first = await project.run([job]);
    expect(first.incremental).toMatchObject({ sequence: 1, after: null, from: null, to: '100' });
    expect(await idsOf(job, first.runId)).toBe('1-100');
    await expectNothingNew(job, `no row has id above 100, where run ${first.runId} ended.`);

    await write(table, 1, 130);
    const second = await project.run([job]);
    expect(second).toMatchObject({ status: 'published', rowsIn: 30 });
    expect(second.incremental).toMatchObject({ sequence: 2, after: first.runId, from: '100', to: '130' });
    expect(await idsOf(job, second.runId)).toBe('101-130');
    expect((await project.published(job))?.runId).toBe(second.runId);
    const { stdout } = await project.serveBatch(['runs', 'show', second.runId]);
    expect(stdout).toContain('id above 100, up to 130');
  });

  it('is continued after a kill with the rows that were planned; what came since is for the next run', async () => {
    await write('data.parquet', 1, 600);
    const killed = await killAfterShards(project, ['run', 'rows', ...MANY], 3);
    await write('data.parquet', 1, 700);
    const continued = await project.run(['rows', ...MANY]);
    expect(continued).toMatchObject({ runId: killed.runId, rowsIn: 600, shards: { reused: killed.shards } });
    expect(await idsOf('rows', killed.runId)).toBe('1-600');
    expect(await idsOf('rows', (await project.run(['rows'])).runId)).toBe('601-700');
    await expectNothingNew('rows', 'no row has id above 700');
  });

  it('is taken whole with --full, which moves the watermark too', async () => {
    await write('data.parquet', 1, 50);
    await project.run(['rows']);
    await write('data.parquet', 1, 60);
    const full = await project.run(['rows', '--full']);
    expect(full).toMatchObject({
      rowsIn: 60,
      incremental: { full: true, sequence: 2, from: null, to: '60' },
    });
    await expectNothingNew('rows', 'no row has id above 60');
  });

  it('keeps its watermark when the older runs are deleted, and goes back when the newest is', async () => {
    await write('data.parquet', 1, 50);
    const first = await project.run(['rows']);
    await write('data.parquet', 1, 60);
    const second = await project.run(['rows']);
    rmSync(first.output.path, { recursive: true });
    await expectNothingNew('rows', 'no row has id above 60');
    rmSync(second.output.path, { recursive: true });
    expect((await project.run(['rows'])).rowsIn).toBe(60);
  });

  it('tells of rows that came too late: with the very value where the last run ended', async () => {
    await write('data.parquet', 1, 20, '(n + 9) // 10');
    expect((await project.run(['rows'])).incremental).toMatchObject({ to: '2', rowsAtTo: 10 });
    await write('data.parquet', 1, 30, 'CASE WHEN n > 25 THEN 2 ELSE (n + 9) // 10 END');
    const { code, stdout, stderr } = await project.serveBatch(['run', 'rows', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      rowsIn: 5,
      incremental: { from: '2', to: '3', rowsUpTo: 30, lateRows: 5 },
    });
    expect(stderr).toContain(
      '5 rows with id up to 2 came after the run that ended there, and will not be taken',
    );
  });

  it('has no row that cannot be told old from new, unless such rows are rejected', async () => {
    await write('data.parquet', 1, 20, 'nullif(n, 7)');
    const { code, stderr } = await project.serveBatch(['run', 'rows']);
    expect(code).toBe(3);
    expect(stderr).toMatch(
      /Column \\?"id\\?" of .*data\.parquet is null at row 7; input\.incremental needs a value/,
    );
    expect(await project.runs('rows')).toEqual([]);
    const record = await project.run(['rows', '--on-invalid', 'reject']);
    expect(record).toMatchObject({ rowsIn: 20, rowsOut: 19, rejects: 1 });
    expect(readdirSync(`${record.output.path}/rejects`)).toEqual(['unordered.parquet']);
  });

  it('does not go on where the column became another kind; --full does', async () => {
    await write('data.parquet', 1, 20);
    await project.run(['rows']);
    await write('data.parquet', 1, 30, "'n' || n");
    const { code, stderr } = await project.serveBatch(['run', 'rows']);
    expect(code).toBe(3);
    expect(stderr).toContain('is VARCHAR; the last run ended at 20, which was BIGINT');
    expect((await project.run(['rows', '--full'])).incremental).toMatchObject({
      columnType: 'VARCHAR',
      to: 'n9',
    });
  });

  it('is planned anew where the run failed for a row that was mended since', async () => {
    await write('data.parquet', 1, 40);
    await project.run(['rows']);
    await write('data.parquet', 1, 60, 'n');
    await database.run(
      `COPY (SELECT * REPLACE (if(id = 50, NULL, price) AS price) FROM '${project.path('data.parquet')}') TO '${project.path('bad.parquet')}'`,
    );
    const failing = ['rows', '--input', 'bad.parquet'];
    const { code, stderr } = await project.serveBatch(['run', ...failing]);
    expect(code).toBe(3);
    // The row is counted among those that were taken, and the message says so.
    expect(stderr).toMatch(/bad\.parquet \(rows with id above 40\).* row 10/);
    const [, failed] = await project.runs('rows');
    expect((await project.serveBatch(['run', ...failing])).code).toBe(3);
    expect(await project.runs('rows')).toHaveLength(2);
    const mended = await project.run(['rows']);
    expect(mended.runId).not.toBe(failed);
    expect(await idsOf('rows', mended.runId)).toBe('41-60');
  });

  it('is planned anew after a kill where the copy of its rows is gone', async () => {
    await write('data.parquet', 1, 40);
    const killed = asAfterKill('rows', await project.run(['rows', ...MANY]));
    expect(existsSync(project.path('out/rows/runs', killed, 'staged'))).toBe(false);
    await write('data.parquet', 1, 50);
    const anew = await project.run(['rows', ...MANY]);
    expect(anew.runId).not.toBe(killed);
    expect(await idsOf('rows', anew.runId)).toBe('1-50');
  });

  it('shows with --dry-run what would be taken, and moves nothing', async () => {
    await write('data.parquet', 1, 20);
    const { stdout } = await project.serveBatch(['run', 'rows', '--dry-run']);
    expect(stdout).toContain('id up to 20');
    expect(existsSync(project.path('out'))).toBe(false);
    await project.run(['rows']);
    expect((await project.serveBatch(['run', 'rows', '--dry-run'])).stdout).toMatch(
      /^Nothing new for rows: /,
    );
    const { stdout: json } = await project.serveBatch(['run', 'rows', '--json']);
    expect(JSON.parse(json)).toMatchObject({ outcome: 'nothing new', watermark: '20' });
  });

  it('publishes a run that was killed between its commit and its publication, before it takes more', async () => {
    await write('data.parquet', 1, 20);
    const { runId, output } = await project.run(['rows']);
    // As a kill at that instant leaves it.
    for (const name of [`${output.path}/published.json`, project.path('out/rows/current')]) rmSync(name);
    await write('data.parquet', 1, 30);
    const { stdout } = await project.serveBatch(['run', 'rows']);
    expect(stdout).toContain(`Run ${runId} of rows was already scored; it is now published`);
    expect((await project.published('rows'))?.runId).toBe(runId);
    expect(await idsOf('rows', (await project.run(['rows'])).runId)).toBe('21-30');
  });
});

describe('a folder that files arrive in', () => {
  it('may be empty at first; each file is taken once, whatever is deleted of files and older runs', async () => {
    await expectNothingNew('files', 'no file has arrived.');
    await write('in/a.parquet', 1, 10);
    await write('in/b.parquet', 11, 20);
    writeFileSync(project.path('in/c.parquet'), '');
    const first = await project.run(['files']);
    expect(first).toMatchObject({ rowsIn: 20, incremental: { kind: 'files', files: 2, after: null } });
    await expectNothingNew('files', '2 files taken before, 1 file left for later (without a byte)');

    await write('in/c.parquet', 21, 30);
    rmSync(project.path('in/a.parquet'));
    const second = await project.run(['files']);
    expect(await idsOf('files', second.runId)).toBe('21-30');
    rmSync(first.output.path, { recursive: true });
    await expectNothingNew('files', '2 files taken before');
    await write('in/d.parquet', 31, 31);
    expect(await idsOf('files', (await project.run(['files'])).runId)).toBe('31-31');
  });

  it('has a file taken again, and says so, where it has changed', async () => {
    await write('in/a.csv', 1, 10);
    await write('in/b.csv', 11, 20);
    await project.run(['files']);
    appendFileSync(project.path('in/b.csv'), '\n');
    const { stdout, stderr } = await project.serveBatch(['run', 'files', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ rowsIn: 10, incremental: { files: 1 } });
    expect(stderr).toMatch(/in\/b\.csv has changed since it was taken: it counts as new/);
  });

  it('leaves a file alone until it has settled', async () => {
    await write('in/a.parquet', 1, 10);
    const now = Date.now() / 1000;
    // As if it were written an hour from now: no test has to be quick.
    utimesSync(project.path('in/a.parquet'), now, now + 3600);
    await expectNothingNew('settling', '1 file left for later (without a byte, or changed in the last 10 s)');
    utimesSync(project.path('in/a.parquet'), now, now - 11);
    expect((await project.run(['settling'])).rowsIn).toBe(10);
  });

  it('without a row in its new files has nothing new', async () => {
    await write('in/a.csv', 1, 0);
    await expectNothingNew('files', '1 file without a row');
    const { code, stdout } = await project.serveBatch(['run', 'files', '--dry-run']);
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining('1 file without a row') });
    await write('in/b.csv', 1, 5);
    expect(await project.run(['files'])).toMatchObject({ rowsIn: 5, incremental: { files: 2 } });
  });

  it.each([['parquet'], ['csv']])(
    'is continued after a kill with the %s files that were planned; one that arrived since is for the next run',
    async (ending) => {
      await write(`in/a.${ending}`, 1, 600);
      const killed = await killAfterShards(project, ['run', 'files', ...MANY], 3);
      await write(`in/b.${ending}`, 601, 610);
      const continued = await project.run(['files', ...MANY]);
      expect(continued).toMatchObject({
        runId: killed.runId,
        rowsIn: 600,
        shards: { reused: killed.shards },
      });
      expect(await idsOf('files', (await project.run(['files'])).runId)).toBe('601-610');
    },
  );

  it('is planned anew after a kill where a planned Parquet file has changed', async () => {
    await write('in/a.parquet', 1, 60);
    const killed = asAfterKill('files', await project.run(['files', ...MANY]));
    await write('in/a.parquet', 1, 50);
    const anew = await project.run(['files', ...MANY]);
    expect(anew.runId).not.toBe(killed);
    expect(await idsOf('files', anew.runId)).toBe('1-50');
    await expectNothingNew('files', '1 file taken before');
  });

  it('is taken whole with --full', async () => {
    await write('in/a.parquet', 1, 10);
    await project.run(['files']);
    await write('in/b.parquet', 11, 20);
    expect(await project.run(['files', '--full'])).toMatchObject({
      rowsIn: 20,
      incremental: { files: 2, full: true },
    });
    await expectNothingNew('files', '2 files taken before');
  });
});

describe('kill -9 at any instant, and data that arrives at any instant', () => {
  const forms: readonly (readonly [Job, string])[] = [
    ['files', 'in/*.parquet'],
    ['rows', 'data.parquet'],
    ['text', 'data.csv'],
  ];
  // All of them with INCREMENTAL_KILLS=all.
  it.each(process.env.INCREMENTAL_KILLS === undefined ? forms.slice(0, 1) : forms)(
    'every row is scored once (%s)',
    async (job, table) => {
      let last = 0;
      const grow = async (round: number): Promise<void> => {
        const first = job === 'files' ? last + 1 : 1;
        last += 300;
        // As those should who write: whole, under its final name.
        const name = table.replace('*', String(round));
        await write(`.${round}.tmp${name.slice(name.lastIndexOf('.'))}`, first, last);
        renameSync(project.path(`.${round}.tmp${name.slice(name.lastIndexOf('.'))}`), project.path(name));
      };
      await grow(0);
      // From before the first file is written to after the last: a run of this size takes about a second.
      for (const [round, delayMs] of [250, 600, 900].entries()) {
        const running = project.start(['run', job, ...MANY]);
        await sleep(delayMs / 2);
        await grow(round + 1);
        await sleep(delayMs / 2);
        running.process.kill('SIGKILL');
        await running.result;
        expect(await leftoversIn(project.folder)).toEqual([]);
      }
      for (let runs = 0; runs < 3; runs++)
        expect((await project.serveBatch(['run', job, ...MANY])).code).toBe(0);
      await expectNothingNew(job, '');

      const runs = (await project.runs(job)).map((runId) => project.path('out', job, 'runs', runId));
      const committed = runs
        .filter((run) => existsSync(`${run}/run.json`))
        .map((run) => `'${run}/parts/*.parquet'`);
      const [found] = await database.rows(
        `SELECT count(*) AS n, count(DISTINCT id) AS ids, max(id) AS last FROM read_parquet([${committed.join(', ')}])`,
      );
      expect(found).toEqual({ n: String(last), ids: String(last), last: String(last) });
    },
  );
});

describe('what does not go together', () => {
  it.each([
    ['one output file', ['rows', '--output', 'p.parquet'], 'one file holds the predictions of one run'],
    ['files on standard input', ['files', '--input', '-'], 'standard input is no file'],
    ['a folder that does not exist', ['files', '--input', 'nowhere/*.csv'], 'nowhere/, where the files of'],
  ])('%s', async (_, args, says) => {
    await write('data.parquet', 1, 10);
    const { code, stderr } = await project.serveBatch(['run', ...args]);
    expect(code).toBeGreaterThan(1);
    expect(stderr).toContain(says);
  });

  it('a watermark of rows and a job of files, until --full', async () => {
    await write('data.parquet', 1, 10);
    await project.run(['rows']);
    await project.write('jobs/rows.yaml', JOBS.rows.replace('{column: id}', '{files: true, settle: 0}'));
    const { code, stderr } = await project.serveBatch(['run', 'rows']);
    expect(code).toBe(2);
    expect(stderr).toContain('takes files; its last run');
    expect((await project.run(['rows', '--full'])).incremental).toMatchObject({ kind: 'files', sequence: 2 });
    await expectNothingNew('rows', '1 file taken before');
  });

  it('--full and a job that takes its whole input anyway', async () => {
    await project.write('jobs/plain.yaml', `${MODEL}\ninput: data.parquet\n`);
    await write('data.parquet', 1, 10);
    const { code, stderr } = await project.serveBatch(['run', 'plain', '--full']);
    expect(code).toBe(2);
    expect(stderr).toContain('has no input.incremental');
  });
});
