import { expect, it } from 'vitest';
import { renderRun } from '../../../src/cli/render/render-run.ts';
import { buildRunRecord } from '../../../src/runs/record/build-run-record.ts';
import type { RunRecord } from '../../../src/runs/record/run-record.ts';
import { sampleOutcome, samplePlan, sampleShard, sampleWindow } from '../../runs/sample-run.ts';

const RECORD: RunRecord = {
  ...buildRunRecord(samplePlan(), [sampleShard(0), sampleShard(1)], sampleOutcome()),
  status: 'published',
  kv: {
    url: 'redis://cache',
    generation: 'g',
    keys: 1,
    values: 2,
    bytes: 3,
    example: { store: "it's", day: '2026-11-21' },
  },
};

const render = (record: RunRecord, verbose = false, place = {}): string =>
  renderRun({ outcome: 'computed', record, publishError: null, overtakenBy: null }, { verbose, place });

it('says in few lines what became of the run, and how to look a real key up', () => {
  const text = render(RECORD, false, { kv: 'redis://:secret@cache' });
  expect(text.split('\n')[0]).toBe(`Run ${RECORD.runId} of ${RECORD.job}: published`);
  expect(text).toContain('redis://cache (2 values under 1 key)');
  expect(text).toContain(
    `next: serve-batch lookup ${RECORD.job} 'store=it'\\''s' day=2026-11-21 --kv redis://cache\n`,
  );
  expect(text.trim().split('\n').length).toBeLessThanOrEqual(7);
  expect(text).not.toContain('p50');
  expect(render(RECORD, true)).toContain('p50');
});

it('has no rate where all shards were there already', () => {
  expect(render({ ...RECORD, throughputRowsPerSecond: 0 })).not.toContain('rows/s');
});

it('names the columns of a single file, and how to look at it', () => {
  const output = { ...RECORD.output, path: 'week.csv', columns: ['store', 'sales'] };
  const text = render({ ...RECORD, kv: null, output });
  expect(text).toMatch(/^ {2}columns +store, sales$/m);
  expect(text).toContain('next: serve-batch inspect week.csv\n');
});

it.each([
  [2, ', each shard in one statement'],
  [1, ', 1 of 2 shards in one statement'],
  [0, ', in batches'],
  [undefined, ''],
])('says how rows came to the model: %s of 2 shards', (inStatement, way) => {
  const engine = { name: 'onnxruntime', version: null, why: null } as const;
  const shards = { total: 2, reused: 0, retried: 0, ...(inStatement === undefined ? {} : { inStatement }) };
  expect(render({ ...RECORD, engine, shards }, true)).toMatch(
    new RegExp(`^ +engine +onnxruntime${way}$`, 'm'),
  );
});

it('names no next command where readers see another run', () => {
  expect(render({ ...RECORD, status: 'committed' })).not.toContain('next:');
});

it('counts bad cells by column, with the first and where it stands', () => {
  const cells = { column: 'price', type: 'DOUBLE', count: 2, file: 'in.csv', line: 17, value: 'n/a' };
  const plan = samplePlan();
  const record = buildRunRecord(
    { ...plan, input: { ...plan.input, badCells: [cells] } },
    [sampleShard(0), sampleShard(1)],
    sampleOutcome(),
  );
  expect(record.input.badCells).toEqual([cells]);
  expect(render(record)).toContain(
    'price: 2 cells without a DOUBLE, null to the features; the first is "n/a" (in.csv:17)',
  );
  expect(RECORD.input.badCells).toBeUndefined();
});

it('says how many rows came late', () => {
  expect(render({ ...RECORD, incremental: sampleWindow(3) })).toContain(
    '3 rows with id up to 20 came after the run before, and no run takes them',
  );
  expect(render({ ...RECORD, incremental: sampleWindow(0) })).not.toContain('late');
  const alone = { ...sampleWindow(0), to: '20', lateTaken: 2 };
  const text = render({ ...RECORD, incremental: alone }, true);
  expect(text).toContain('2 rows with id up to 20 came after the run before; this run takes them');
  expect(text).toContain('nothing above 20; only rows that came late');
});
