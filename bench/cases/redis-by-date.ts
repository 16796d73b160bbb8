import { rm } from 'node:fs/promises';
import { quoteText } from '../../src/core/text/sql.ts';
import type { RedisServer } from '../../test/support/redis-server.ts';
import type { DataFolder } from '../data/data-folder.ts';
import { withDuckDb } from '../data/duckdb.ts';
import { modelFile } from '../data/models.ts';
import { DATA_VERSION, salesSql } from '../data/sales-sql.ts';
import { serverDetails } from '../limits/redis-pipe.ts';
import type { ProjectContent } from '../project/project.ts';
import { type CommittedRun, commitRun, measurePublish } from '../project/serve-batch.ts';
import { type BenchCase, type Contender, type Figure, type Results, resultOf } from './bench-case.ts';

const ROWS = 700_000;
const LAYOUTS = ['hash', 'packed'] as const;
const ORDERS = ['key', 'date'] as const;
type Layout = (typeof LAYOUTS)[number];
type Order = (typeof ORDERS)[number];

/** Loading a table ordered by date, in which each key lies in many shards, beside the same rows in the order of their keys. */
export const redisByDate: BenchCase = {
  name: 'redis-by-date',
  about:
    'serve-batch publish into Redis, hashes and packed: a table ordered by date beside one ordered by key',
  runs: 'once',
  estimateSeconds: () => ({ prepare: 12, round: 10 }),
  async prepare(bench) {
    const { data, runFlags } = bench;
    const redis = await bench.redis();
    const model = await modelFile(data, 'trees');
    const runs: CommittedRun[] = [];
    const contenders: Contender[] = [];
    for (const layout of LAYOUTS)
      for (const order of ORDERS) {
        const input = await tableBy(data, order);
        await redis.restart();
        const content: ProjectContent = { model, input, kvUrl: redis.url, layout };
        const run = await commitRun(data, { ...content, rows: ROWS, flags: runFlags });
        runs.push(run);
        contenders.push({ name: nameOf(layout, order), measure: () => measureLoad(redis, run) });
      }
    return {
      contenders,
      figures: (results) => LAYOUTS.map((layout) => figureOf(results, layout)),
      release: async () => {
        for (const { folder } of runs) await rm(folder, { recursive: true, force: true });
      },
    };
  },
};

async function tableBy(data: DataFolder, order: Order): Promise<string> {
  if (order === 'key') return data.table(ROWS);
  return data.file(`sales-${DATA_VERSION}-700k-by-date.parquet`, (path) => {
    const rows = `SELECT * FROM (${salesSql(ROWS)}) ORDER BY date, store, product`;
    const copy = `COPY (${rows}) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)`;
    return withDuckDb({ threads: 1 }, async (duckdb) => {
      await duckdb.run(copy);
    });
  });
}

async function measureLoad(redis: RedisServer, run: CommittedRun) {
  await redis.restart();
  const measured = await measurePublish(run, ROWS);
  return { ...measured, details: { ...measured.details, ...(await serverDetails(redis)) } };
}

function nameOf(layout: Layout, order: Order): string {
  return `${layout}, by ${order}`;
}

/** By the processors of both sides: whichever is slower depends on the machine. */
function figureOf(results: Results, layout: Layout): Figure {
  const [byKey, byDate] = ORDERS.map((order) => {
    const { cpuSeconds, details, wallSeconds } = resultOf(results, nameOf(layout, order));
    return { cpu: (cpuSeconds ?? Number.NaN) + Number(details.serverCpuSeconds), wallSeconds };
  });
  const [key, date] = [byKey?.cpu ?? Number.NaN, byDate?.cpu ?? Number.NaN];
  return {
    ...{ title: `publish into Redis by date, by that by key, CPU of both sides (${layout})`, unit: 'x' },
    value: date / key,
    target: { atMost: 1.5 },
    note: `${date.toFixed(2)} by ${key.toFixed(2)} s; wall ${byDate?.wallSeconds.toFixed(2)} by ${byKey?.wallSeconds.toFixed(2)} s`,
  };
}
