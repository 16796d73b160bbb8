import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLookup } from '../../src/index.ts';
import { expectedRows, expectGoldenStore } from '../support/golden.ts';
import { makeProject, type Project, temporaryFolder } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { setLayout } from './packed-job.ts';
import { type InputForm, runSql, writeSalesTables } from './sales-tables.ts';

const JOBS = ['sales', 'sales-by-column'] as const;
const STORES = ['LMDB', 'Redis'] as const;
type Job = (typeof JOBS)[number];
type Store = (typeof STORES)[number];

let redis: RedisServer;
let project: Project;
let forms: Record<string, InputForm>;

beforeAll(async () => {
  redis = await startRedis();
  project = await makeProject();
  forms = await writeSalesTables(await temporaryFolder());
});
afterAll(async () => {
  await redis.stop();
});

/** Each call is a new run: another input. The store ends with what this run predicted. */
async function scoreAndCompare(form: string, job: Job, store: Store): Promise<void> {
  const { input = '', stdin } = forms[form] ?? {};
  const kv = store === 'Redis' ? ['--kv', redis.url] : [];
  const record = await project.run(
    [job, '--input', input, '--shard-rows', '3000', '--processes', '1', ...kv],
    {
      ...(stdin === undefined ? {} : { stdin }),
    },
  );
  expect(record).toMatchObject({ job, status: 'published', rowsIn: 7000, rowsOut: 7000, rejects: 0 });
  expect(record.kv).toMatchObject({ generation: record.runId, keys: 1000, values: 7000 });
  const url = store === 'Redis' ? redis.url : `lmdb:${project.path('out', job, 'kv')}`;
  await expectGoldenStore(job, url, record.runId);
}

describe('all 7,000 predictions are right, looked up one by one', () => {
  const forms = ['Parquet', 'CSV', 'CSV.gz', 'Arrow (file format)'];
  const whole = forms.flatMap((form, index) =>
    JOBS.map((job, other) => [form, job, STORES[(index + other) % 2] ?? 'LMDB'] as const),
  );
  it.each(whole)('from %s by %s into %s', scoreAndCompare);

  const others: readonly (readonly [string, Job, Store])[] = [
    ['Arrow (stream format)', 'sales', 'LMDB'],
    ['Arrow with LZ4', 'sales-by-column', 'LMDB'],
    ['Arrow with ZSTD', 'sales', 'LMDB'],
    ['TSV', 'sales-by-column', 'Redis'],
    ['JSON lines', 'sales', 'LMDB'],
    ['JSON lines', 'sales-by-column', 'LMDB'],
    ['CSV on standard input', 'sales', 'Redis'],
    ['a glob over a file a day', 'sales-by-column', 'LMDB'],
    ['a folder with Hive partitions', 'sales', 'LMDB'],
  ];
  it.each(others)('from %s by %s into %s', scoreAndCompare);
});

describe('the packed layout', () => {
  let packed: Project;
  let url: string;
  const runs: string[] = [];
  beforeAll(async () => {
    packed = await makeProject();
    // A database of its own, for the same job is in the other one.
    url = `${redis.url}/1`;
    await setLayout(packed, 'packed');
    // 40 shards of 175 rows: whole keys. 3,000 rows: keys of seven rows lie in two shards.
    for (const shardRows of ['175', '3000']) {
      const record = await packed.run(['sales', '--shard-rows', shardRows, '--kv', url]);
      expect(record.kv).toMatchObject({ generation: record.runId, keys: 1000, values: 7000 });
      runs.push(record.runId);
    }
  });

  const lookUp = async (...columns: string[]) =>
    JSON.parse((await packed.serveBatch(['lookup', 'sales', ...columns, '--kv', url, '--json'])).stdout);

  it('answers all 7,000 predictions, and is the layout of the keys', async () => {
    await expectGoldenStore('sales', url, runs[1] ?? '');
    expect(await redis.cli('-n', '1', 'TYPE', `sales:${runs[1]}:1:2`)).toBe('string');
    expect(await redis.cli('-n', '1', 'STRLEN', `sales:${runs[1]}:1:2`)).toMatch(/^\d\d$/);
  });

  it('answers the command, one prediction and a series', async () => {
    const one = await lookUp('store=1', 'product=2', 'date=2026-11-22');
    expect(one.run).toBe(runs[1]);
    const series = await lookUp('store=1', 'product=2');
    expect(Object.keys(series.values)).toHaveLength(7);
    expect(series.values['2026-11-22']).toBe(one.value);
  });

  it('is right for a table ordered by date, with every key in every shard', async () => {
    await runSql([
      `COPY (FROM '${packed.path('fixtures/sales.parquet')}' ORDER BY date, store, product)
       TO '${packed.path('by-date.parquet')}' (FORMAT parquet)`,
    ]);
    const flags = ['--input', 'by-date.parquet', '--shard-rows', '1000', '--kv', url];
    const record = await packed.run(['sales', ...flags]);
    expect(record.kv).toMatchObject({ keys: 1000, values: 7000 });
    await expectGoldenStore('sales', url, record.runId);
  });

  it('is another run than the same job in hashes; readers and rollback go from one to the other', async () => {
    const reader = createLookup({ job: 'sales', url, refreshMs: 0 });
    const key = { store: 1, product: 2, date: '2026-11-21' };
    const before = await reader.get(key);
    await setLayout(packed, 'hash');
    const { runId } = await packed.run(['sales', '--kv', url]);
    expect(runId).not.toBe(before?.run);
    expect(await redis.cli('-n', '1', 'TYPE', `sales:${runId}:1:2`)).toBe('hash');
    expect(await reader.get(key)).toMatchObject({ run: runId, value: before?.value });
    await expectGoldenStore('sales', url, runId);

    expect((await packed.serveBatch(['rollback', 'sales', '--kv', url])).code).toBe(0);
    expect(await reader.get(key)).toEqual(before);
    await expectGoldenStore('sales', url, before?.run ?? '');
    // Dropped meanwhile: loaded again from its parts, in the layout of its own plan.
    expect((await packed.serveBatch(['publish', runs[0] ?? '', '--kv', url])).code).toBe(0);
    expect(await redis.cli('-n', '1', 'TYPE', `sales:${runs[0]}:1:2`)).toBe('string');
    await expectGoldenStore('sales', url, runs[0] ?? '');
    await reader.close();
  });

  it('is nothing to LMDB, which has one of its own', async () => {
    await setLayout(packed, 'packed');
    const { runId } = await packed.run(['sales']);
    await expectGoldenStore('sales', `lmdb:${packed.path('out/sales/kv')}`, runId);
  });
});

it.each([
  ['Arrow with LZ4', '04224d18'],
  ['Arrow with ZSTD', '28b52ffd'],
])('%s is compressed indeed', async (form, magic) => {
  const bytes = await readFile(forms[form]?.input ?? '');
  expect(bytes.includes(Buffer.from(magic, 'hex'))).toBe(true);
});

describe('serve-batch lookup', () => {
  let runId: string;
  beforeAll(async () => {
    ({ runId } = await project.run(['sales', '--force']));
  });

  it.each(STORES)(
    'prints a prediction, its run, when it was made and by which model, from %s',
    async (store) => {
      const kv = store === 'Redis' ? ['--kv', redis.url] : [];
      const published = store === 'LMDB' ? runId : (await project.run(['sales', '--force', ...kv])).runId;
      const expected = await expectedRows();
      for (const { store: shop, product, date, sales } of [
        expected[0],
        expected[4321],
        expected[6999],
      ].flatMap((row) => row ?? [])) {
        const args = ['lookup', 'sales', `store=${shop}`, `product=${product}`, `date=${date}`, ...kv];
        const text = await project.serveBatch(args);
        expect(text.code).toBe(0);
        const [value, origin] = text.stdout.split('\n');
        expect(Number(value) / sales).toBeCloseTo(1, 5);
        expect(origin).toMatch(new RegExp(`^from run ${published}, made 20\\d\\d-.*Z by sales\\.onnx$`));
        const json = JSON.parse((await project.serveBatch([...args, '--json'])).stdout);
        expect(json).toMatchObject({
          job: 'sales',
          run: published,
          model: 'sales.onnx',
          value: Number(value),
        });
      }
    },
  );

  it('prints the whole series where the field is left out', async () => {
    const args = ['lookup', 'sales', 'store=1', 'product=1'];
    const { stdout } = await project.serveBatch(args);
    const dates = [21, 22, 23, 24, 25, 26, 27].map((day) => `2026-11-${day}`);
    expect(
      stdout
        .split('\n')
        .slice(0, 7)
        .map((line) => line.split(/\s+/)[0]),
    ).toEqual(dates);
    const json = JSON.parse((await project.serveBatch([...args, '--json'])).stdout);
    expect(Object.keys(json.values)).toEqual(dates);
  });

  it.each([
    ['store=99 product=1 date=2026-11-21', 'it has no store=99'],
    ['store=1 product=77777 date=2027-01-01', 'it has no product=77777 and no date=2027-01-01'],
    ['store=77 product=88888', 'it has no store=77 and no product=88888'],
  ])('ends with 4 for %s and says which part is unknown', async (columns, reason) => {
    const { code, stdout, stderr } = await project.serveBatch(['lookup', 'sales', ...columns.split(' ')]);
    expect(code).toBe(4);
    expect(stdout).toBe('');
    expect(stderr).toContain(reason);
    expect(stderr).toContain(`no prediction for ${columns}`);
  });

  it('ends with 4 before anything was published, and says how to run the job', async () => {
    const empty = await makeProject();
    const { code, stderr } = await empty.serveBatch(['lookup', 'sales', 'store=1', 'product=1']);
    expect(code).toBe(4);
    expect(stderr).toContain('serve-batch run sales');
  });
});

describe('the parts hold the predictions with the key columns first', () => {
  it('store, product, date, sales', async () => {
    const { output } = await project.run(['sales', '--force', '--shard-rows', '3000']);
    expect(output.parts.map(({ file, rows }) => [file, rows])).toEqual([
      ['parts/part-00000.parquet', 3000],
      ['parts/part-00001.parquet', 3000],
      ['parts/part-00002.parquet', 1000],
    ]);
    const inspected = await project.serveBatch(['inspect', join(output.path, 'parts'), '--json']);
    const { columns } = JSON.parse(inspected.stdout);
    expect(columns.map(({ name }: { name: string }) => name)).toEqual(['store', 'product', 'date', 'sales']);
  });
});
