import { beforeAll, expect, it } from 'vitest';
import { childrenOf } from '../support/processes.ts';
import { makeProject, type Project } from '../support/project.ts';

// Each command once as users start it. Most tests run the program in their own process: what it says there
// is what it says in a process of its own, with children that do its work.

let project: Project;
let runId: string;
beforeAll(async () => {
  const schedule = `schedule: "0 0 * * 6"\n`;
  project = await makeProject({
    jobs: {
      sales: `default: true
input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
kv: {key: "{store}:{product}", field: "{date}"}
${schedule}`,
    },
  });
  const { code, stdout, stderr } = await project.inOwnProcess(['run', '--json', '--shard-rows', '1000']);
  expect(code, stderr).toBe(0);
  const record = JSON.parse(stdout);
  expect(record).toMatchObject({ status: 'published', rowsOut: 7000, kv: { values: 7000 } });
  runId = record.runId;
});

const KEY = ['store=1', 'product=2', 'date=2026-11-21'];
const COMMAND_LINES: readonly (readonly string[])[] = [
  ['run', '--dry-run'],
  ['run', '--input', 'nothing.parquet'],
  ['lookup', 'sales', ...KEY],
  ['lookup', 'sales', 'store=999', 'product=2', 'date=2026-11-21'],
  ['runs', 'ls'],
  ['runs', 'show', 'RUN'],
  ['runs', 'logs', 'RUN', '--json'],
  ['runs', 'prune', '--keep', '1', '--dry-run'],
  ['query', 'SELECT count(*) AS n, sum(store) AS s FROM sales'],
  ['report', 'RUN'],
  ['publish', 'RUN', '--quiet'],
  ['rollback', 'sales'],
  ['jobs', 'ls'],
  ['schedule', 'ls'],
  ['schedule', 'next', 'sales'],
  ['tick'],
  ['backfill', 'sales', '--from', '2026-10-01', '--to', '2026-10-20', '--dry-run'],
  ['inspect', 'fixtures/sales.parquet'],
  ['inspect', 'fixtures/sales.onnx', '--json'],
  ['shard', '--plan', 'out/sales/runs/RUN/plan.json', '--index', '3', '--kv', 'none'],
  ['nonsense'],
];

/** Ids of runs that are only planned, and times, differ from one call to the next. */
const withoutTimes = (text: string): string =>
  // A slow machine tells of its progress.
  text
    .replaceAll(/^\{.*"msg":"progress"\}\n/gm, '')
    .replaceAll(/\d{8}T\d{6}Z-\w{4}/g, 'RUN')
    .replaceAll(/\d+(\.\d+)? m?s\b/g, 'TIME');

it.each(COMMAND_LINES.map((args) => ({ args })))(
  '$args says the same in a process of its own, and leaves no child',
  async ({ args }) => {
    const words = args.map((word) => word.replace('RUN', runId));
    const own = await project.inOwnProcess(words);
    const here = await project.serveBatch(words);
    expect(own.signal).toBeNull();
    expect(own.code).toBe(here.code);
    expect(withoutTimes(own.stdout)).toBe(withoutTimes(here.stdout));
    expect(withoutTimes(own.stderr)).toBe(withoutTimes(here.stderr));
    expect(childrenOf(process.pid)).toEqual([]);
  },
);
