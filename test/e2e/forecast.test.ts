import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLookup } from '../../src/index.ts';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import { openDatabase, parquetRows } from '../support/database.ts';
import { expectGoldenStore } from '../support/golden.ts';
import { makeProject, type Project, withoutGates } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

const OCCURRENCE = ['--occurrence', '2026-11-21'];

let redis: RedisServer;
let project: Project;
beforeAll(async () => {
  redis = await startRedis();
  project = await makeProject();
});
afterAll(async () => {
  await redis.stop();
});

/** The weekly job with lines of its file changed. */
async function changedJob(
  name: string,
  changes: readonly (readonly [from: string, to: string])[],
): Promise<string> {
  let text = withoutGates(await readFile(project.path('jobs/weekly-forecast.yaml'), 'utf8'));
  for (const [from, to] of [['name: weekly-forecast', `name: ${name}`] as const, ...changes]) {
    if (!text.includes(from)) throw new Error(`The job has no "${from}"`);
    text = text.replace(from, to);
  }
  await project.write(`jobs/${name}.yaml`, text);
  return name;
}

async function rejectsOf({ job, runId }: RunRecord): Promise<Record<string, unknown>[]> {
  return parquetRows(await openDatabase(), project.path('out', job, 'runs', runId, 'rejects', '*.parquet'));
}

describe('the weekly forecast', () => {
  it('shows with --dry-run which grid it would score', async () => {
    const { stdout } = await project.serveBatch(['run', 'weekly-forecast', ...OCCURRENCE, '--dry-run']);
    expect(stdout).toMatch(/input +grid of 100 store x 1,000 product x 7 date \(700,000 rows\)/);
    expect(stdout).toMatch(/bad rows +are rejected/);
  });

  it('predicts 7 days of 1,000 products in 100 stores, none missing, as scikit-learn does', async () => {
    const record = await project.run(['weekly-forecast', ...OCCURRENCE]);
    expect(record).toMatchObject({
      status: 'published',
      rowsIn: 700_000,
      rowsOut: 700_000,
      coverage: { expected: 700_000, present: 700_000, ratio: 1, min: 1 },
      input: {
        rows: 700_000,
        grid: [
          { name: 'store', values: 100 },
          { name: 'product', values: 1000 },
          { name: 'date', values: 7 },
        ],
      },
      identity: { occurrence: '2026-11-21T00:00:00.000Z' },
      kv: { keys: 100_000, values: 700_000 },
    });
    await expectGoldenStore(
      'weekly-forecast',
      `lmdb:${project.path('out/weekly-forecast/kv')}`,
      record.runId,
    );
  });

  it('is done once for an occurrence, and anew for the next', async () => {
    const { stdout } = await project.serveBatch(['run', 'weekly-forecast', ...OCCURRENCE]);
    expect(stdout).toContain('Up to date: run ');
    const small = await changedJob('two-days', [
      ['days: 7', 'days: 2'],
      ['stores: fixtures/stores.csv', 'store: [1]'],
    ]);
    const first = await project.run([small, ...OCCURRENCE]);
    const second = await project.run([small, '--occurrence', '2026-11-28']);
    expect([first, second]).toMatchObject([{ rowsOut: 2000 }, { rowsOut: 2000 }]);
    const lookup = createLookup({ job: small, url: `lmdb:${project.path('out', small, 'kv')}` });
    const week = await lookup.series({ store: 1, product: 2 });
    await lookup.close();
    expect(week?.run).toBe(second.runId);
    expect([...(week?.values.keys() ?? [])]).toEqual(['2026-11-28', '2026-11-29']);
  });

  it('has the same bytes with other numbers of processes', async () => {
    const job = await changedJob('seven-stores', [
      ['stores: fixtures/stores.csv', 'store: {from: 1, to: 7}'],
    ]);
    const partsWith = async (processes: string): Promise<readonly string[]> => {
      const flags = ['--kv', 'none', '--shard-rows', '7000', '--processes', processes];
      const record = await project.run([job, ...OCCURRENCE, ...flags, '--output', `out-${processes}`]);
      return record.output.parts.map(({ sha256 }) => sha256);
    };
    const parts = await partsWith('1');
    expect(parts).toHaveLength(7);
    expect(await partsWith('3')).toEqual(parts);
  });

  it('asks for the occurrence where it has none', async () => {
    const job = await changedJob('dated', [['days: 7', 'date: {from: "{{ occurrence }}", days: 7}']]);
    const { code, stderr } = await project.serveBatch(['run', job, '--param', 'region=north']);
    expect(code).toBe(2);
    expect(stderr).toContain('--param region is not a parameter of the job dated');
  });
});

describe('a grid of which something is missing', () => {
  const GAP = [
    [
      'LEFT JOIN demand USING (store, product)',
      'LEFT JOIN (FROM demand WHERE NOT (store = 3 AND product = {{ params.lost }})) demand USING (store, product)',
    ],
    ['name: ', 'params: {lost: 59}\nname: '],
    ['stores: fixtures/stores.csv', 'store: {from: 1, to: 4}'],
    ['days: 7', 'days: 7\n  filter: "product <> 7 OR store = 1"'],
  ] as const;

  it('is committed, not published, exits 5 and names what is missing', async () => {
    const job = await changedJob('gap', GAP);
    const { code, stdout, stderr } = await project.serveBatch(['run', job, ...OCCURRENCE, '--json']);
    expect(code).toBe(5);
    const record = JSON.parse(stdout) as RunRecord;
    // 4 stores x 1,000 products x 7 days, without one product in three stores.
    expect(record).toMatchObject({
      status: 'committed',
      rowsIn: 27_979,
      rowsOut: 27_972,
      rejects: 7,
      coverage: { expected: 27_979, present: 27_972, min: 1 },
    });
    expect(stderr).toContain('lacks 7 of the 27,979 predictions of its grid: coverage is 99.974%');
    expect(stderr).toContain('Missing are, for example, store=3 product=59 date=2026-11-21');
    const rejects = await rejectsOf(record);
    expect(rejects.map(({ input }) => input)).toEqual(
      [21, 22, 23, 24, 25, 26, 27].map((day) => ({
        store: '3',
        product: '59',
        date: `2026-11-${day}`,
      })),
    );
    expect(await project.published(job)).toBeNull();
    const { code: found } = await project.serveBatch(['lookup', job, 'store=1', 'product=2']);
    expect(found).toBe(4);
  });

  it('is not computed again by the same command, and published when less is asked for', async () => {
    const job = 'gap';
    const again = await project.serveBatch(['run', job, ...OCCURRENCE]);
    expect(again.code).toBe(5);
    expect(again.stdout).toContain('was already scored; it is not published');
    const refused = await project.serveBatch(['publish', ...(await project.runs(job))]);
    expect(refused.code).toBe(5);
    await changedJob(job, [...GAP, ['kv:', 'coverage: {min: 99.9%}\nkv:']]);
    const { code, stdout } = await project.serveBatch(['run', job, ...OCCURRENCE]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/coverage +99\.974%: 27,972 of 27,979 rows of the grid/);
    expect(await project.runs(job)).toHaveLength(1);
  });

  it('is published with --force', async () => {
    const job = await changedJob('forced', GAP);
    await project.serveBatch(['run', job, ...OCCURRENCE]);
    const [runId = ''] = await project.runs(job);
    const { code } = await project.serveBatch(['publish', runId, '--force', 'as a test wants it']);
    expect(code).toBe(0);
    expect((await project.published(job))?.runId).toBe(runId);
  });

  it('ends at once with onInvalid: fail, and says which row', async () => {
    const job = await changedJob('strict', [...GAP, ['model: ', 'onInvalid: fail\nmodel: ']]);
    const { code, stderr } = await project.serveBatch(['run', job, ...OCCURRENCE]);
    expect(code).toBe(3);
    expect(stderr).toContain('at the grid, store=3 product=59 date=2026-11-21');
  });

  it('is whole with another parameter', async () => {
    const job = await changedJob('other', GAP);
    const record = await project.run([job, ...OCCURRENCE, '--param', 'lost=0']);
    expect(record).toMatchObject({ status: 'published', coverage: { ratio: 1 } });
  });
});

describe('the hourly forecast', () => {
  it('holds a day under a key of Redis, in less than 25 bytes a prediction', async () => {
    const text = await readFile(project.path('jobs/hourly-forecast.yaml'), 'utf8');
    await project.write(
      'jobs/hours.yaml',
      text
        .replace('name: hourly-forecast', 'name: hours')
        .replace('stores: fixtures/stores.csv', 'store: [1]'),
    );
    const memory = async (): Promise<number> =>
      Number(/used_memory:(\d+)/.exec(await redis.cli('info', 'memory'))?.[1]);
    const before = await memory();
    const record = await project.run(['hours', ...OCCURRENCE, '--kv', redis.url]);
    expect(record).toMatchObject({ rowsOut: 168_000, kv: { keys: 7000, values: 168_000 } });
    expect(((await memory()) - before) / 168_000).toBeLessThan(25);
    const lookup = createLookup({ job: 'hours', url: redis.url });
    const day = await lookup.series({ store: 1, product: 2, date: '2026-11-21' });
    await lookup.close();
    expect(day?.values.size).toBe(24);
    // The model knows no hours: each has the value of its day.
    expect(new Set(day?.values.values())).toEqual(new Set([14.964146]));
  });
});
