import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import { REPOSITORY } from '../support/cli.ts';
import { makeProject, type Project } from '../support/project.ts';

const MODEL = join(REPOSITORY, 'fixtures/sales-by-column.onnx');
const HEAD =
  'store,product,date,price,discount,day_of_week,month,size_sqm,lag_7,lag_14,mean_28,region,category\n';

/** Rows of so many products, with sales by which the model predicts. */
function table(products: number, lag = 3): string {
  const rows = Array.from(
    { length: products },
    (_, index) => `1,${index + 1},2026-11-21,${2 + index},0,5,11,900,${lag + index},2,2.5,west,pet`,
  );
  return `${HEAD}${rows.join('\n')}\n`;
}

let project: Project;
beforeEach(async () => {
  project = await makeProject({ jobs: {}, fixtures: false });
  await project.write('week.csv', table(20));
});

async function job(gates: string, kv = '{key: "{store}:{product}", field: "{date}"}'): Promise<void> {
  await project.write(
    'jobs/week.yaml',
    `name: week\ninput: week.csv\nmodel: ${MODEL}\noutput: {path: out, columns: [store, product, date, region]}\nkv: ${kv}\n${gates === '' ? '' : `publish:\n  gates:\n${gates}`}`,
  );
}

async function run(...flags: string[]) {
  const { code, stdout, stderr } = await project.serveBatch(['run', 'week', '--json', ...flags]);
  const record = stdout === '' ? null : (JSON.parse(stdout) as RunRecord);
  return {
    code,
    stderr,
    record,
    gates: (record?.gates ?? []).map(({ name, verdict }) => `${name}: ${verdict}`),
  };
}

describe('gates of a job over a CSV', () => {
  it('keep a run from its readers, in the record and in the exit code, until somebody gives a reason', async () => {
    await job(
      '    - rows: {change: 10%}\n    - name: stale\n      changed: {column: lag_7, by: 0%, least: 50%}\n',
    );
    const first = await run();
    expect([first.code, first.gates]).toEqual([0, ['rows: not compared', 'stale: not compared']]);
    await project.write('week.csv', table(10));
    const second = await run();
    expect([second.code, second.record?.status]).toEqual([5, 'committed']);
    expect(second.gates).toEqual(['rows: failed', 'stale: failed']);
    expect(second.stderr).toContain('"rows": 10 rows, 20 before: 50% fewer, at most 10%');
    expect((await project.published('week'))?.runId).toBe(first.record?.runId);

    // Nothing is computed, nothing is looked at again, and nothing gets through.
    const again = await run();
    expect([again.code, again.record?.runId]).toEqual([5, second.record?.runId]);
    const runId = second.record?.runId ?? '';
    const plain = await project.serveBatch(['publish', runId]);
    expect([plain.code, plain.stderr]).toEqual([5, expect.stringContaining('fails 2 of 2 gates')]);
    const empty = await project.serveBatch(['publish', runId, '--force', ' ']);
    expect([empty.code, empty.stderr]).toEqual([2, expect.stringContaining('--force is empty')]);

    const forced = await project.serveBatch(['publish', runId, '--force', 'half of the range was sold']);
    expect(forced.code).toBe(0);
    const published = await project.published('week');
    expect(published?.record).toMatchObject({ runId, forced: { reason: 'half of the range was sold' } });
    const shown = await project.serveBatch(['runs', 'show', runId]);
    expect(shown.stdout).toMatch(/gates +0 of 2 gates passed, 2 failed/);
    expect(shown.stdout).toMatch(/forced +half of the range was sold/);
  });

  it('SQL reads this run, the one before, features and input, and names wrong rows', async () => {
    await job(
      [
        '    - {name: condition, sql: "SELECT count(*) = 20 FROM run"}',
        '    - {name: input, sql: "SELECT product FROM input WHERE price > 100"}',
        '    - {name: wrong, sql: "SELECT product, lag_7 FROM features WHERE lag_7 > 20 ORDER BY product"}',
        '    - {name: before, sql: "SELECT count(*) > 0 FROM previous"}',
        '    - {name: broken, sql: "SELECT * FROM run WHERE nothing"}',
      ].join('\n'),
    );
    const { code, gates, record } = await run();
    expect(code).toBe(5);
    expect(gates).toEqual([
      'condition: passed',
      'input: passed',
      'wrong: failed',
      'before: not compared',
      'broken: failed',
    ]);
    expect(record?.gates?.[2]?.findings[0]).toMatchObject({
      text: 'its SELECT finds 2 wrong rows',
      examples: ['product=19 lag_7=21', 'product=20 lag_7=22'],
    });
    expect(record?.gates?.[4]?.findings[0]?.text).toContain('it cannot be checked');
  });

  it.each([
    ['a file', 'sql: "SELECT * FROM read_csv(\'/etc/passwd\')"', 2, 'read_csv'],
    ['two statements', 'sql: "SELECT 1; DROP TABLE run"', 2, 'Expected one SELECT'],
    ['an unknown column', 'values: {column: sale}', 3, 'Did you mean "sales"'],
    ['an unknown segment', 'rows: {change: 1%, by: shop}', 3, 'names the column "shop"'],
  ])('%s is refused before anything is computed', async (_, gate, code, message) => {
    await job(`    - ${gate}\n`);
    const result = await project.serveBatch(['run', 'week', '--dry-run']);
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message)]);
  });

  it('compare with a table where a gate names one', async () => {
    await project.write('reference.csv', table(20, 300));
    await job('    - drift: {column: [lag_7, price], quantiles: 50%, against: reference.csv}\n');
    const { code, record } = await run();
    expect(code).toBe(5);
    expect(record?.gates?.[0]?.findings.map(({ column }) => column)).toEqual(['lag_7']);
  });
});

describe('rows with the same key and field', () => {
  beforeEach(async () => {
    const [row] = table(1).slice(HEAD.length).split('\n');
    await project.write('week.csv', `${table(3)}${row}\n`);
  });

  it('keep a run from its readers', async () => {
    await job('');
    const { code, stderr, record } = await run();
    expect([code, record?.status]).toEqual([5, 'committed']);
    expect(stderr).toContain('has 1 row with the key and field of a later row');
    expect(await project.published('week')).toBeNull();
  });

  it('are published where the job says that the last one is right', async () => {
    await job('', '{key: "{store}:{product}", field: "{date}", duplicates: last}');
    const { code, record } = await run();
    expect([code, record?.kv?.values]).toEqual([0, 3]);
  });
});
