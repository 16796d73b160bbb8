import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectedRows, expectGoldenStore } from '../support/golden.ts';
import { makeProject, type Project, temporaryFolder } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { type InputForm, writeSalesTables } from './sales-tables.ts';

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
  const whole = ['Parquet', 'CSV', 'CSV.gz', 'Arrow (file format)'].flatMap((form) =>
    JOBS.flatMap((job) => STORES.map((store) => [form, job, store] as const)),
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
