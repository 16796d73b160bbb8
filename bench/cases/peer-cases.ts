import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { RedisServer } from '../../test/support/redis-server.ts';
import { modelFile } from '../data/models.ts';
import { rowCountText } from '../data/row-count.ts';
import { DATA_VERSION } from '../data/sales-sql.ts';
import { type Command, measureCommand } from '../measure/measure-command.ts';
import type { Measurement } from '../measure/measurement.ts';
import type { PlainRequest } from '../peers/plain-request.ts';
import { measureRun } from '../project/serve-batch.ts';
import { REPOSITORY } from '../repository.ts';
import {
  type Bench,
  type BenchCase,
  type Contender,
  type Figure,
  LeftOut,
  type Results,
  resultOf,
  type Target,
} from './bench-case.ts';

const PLAIN = fileURLToPath(new URL('../peers/plain-pipeline.js', import.meta.url));
const PYTHON = '/usr/bin/python3';
const PEERS = join(REPOSITORY, 'bench/peers');
const FROM_PARQUET = 'serve-batch, Parquet';
const FROM_CSV = 'serve-batch, CSV';
const AS_MANY_PARQUET = 'serve-batch, Parquet, as many';
const AS_MANY_CSV = 'serve-batch, CSV, as many';
const PARQUETJS = 'parquetjs-lite pipeline';
const CSV_PARSE = 'csv-parse pipeline';
const PANDAS = 'pandas pipeline';

/** What people would write in Node. */
export const plainPipeline: BenchCase = {
  name: 'plain-pipeline',
  about: 'trees with Redis, beside parquetjs-lite or csv-parse, onnxruntime-node and a SET per row',
  runs: 'each',
  estimateSeconds: (rows) => ({ prepare: rows * 3e-6, round: 30 + rows * 7e-6 }),
  async prepare(bench, rows) {
    const redis = await bench.redis();
    const model = await modelFile(bench.data, 'trees');
    const peer = async (name: string, kind: 'simple.parquet' | 'csv'): Promise<Contender> => {
      const request: PlainRequest = {
        table: await bench.data.table(bench.peerRows, kind),
        model,
        redisUrl: redis.url,
      };
      return peerContender(name, redis, bench.peerRows, {
        program: process.execPath,
        args: [PLAIN, JSON.stringify(request)],
        cwd: bench.data.path,
      });
    };
    return {
      contenders: [
        await withRedis(bench, FROM_PARQUET, 'parquet', rows),
        await withRedis(bench, AS_MANY_PARQUET, 'parquet', bench.peerRows),
        await peer(PARQUETJS, 'simple.parquet'),
        await withRedis(bench, FROM_CSV, 'csv', rows),
        await withRedis(bench, AS_MANY_CSV, 'csv', bench.peerRows),
        await peer(CSV_PARSE, 'csv'),
      ],
      figures: (results) => [
        timesAsFast(results, FROM_PARQUET, PARQUETJS, { atLeast: 25 }),
        timesAsFast(results, AS_MANY_PARQUET, PARQUETJS, null),
        timesAsFast(results, FROM_CSV, CSV_PARSE, { atLeast: 25 }),
        timesAsFast(results, AS_MANY_CSV, CSV_PARSE, null),
      ],
    };
  },
};

/** What people would write in Python. */
export const pandas: BenchCase = {
  name: 'pandas',
  about: "trees with Redis from CSV, beside pandas, scikit-learn's own predictor and redis-py",
  runs: 'each',
  estimateSeconds: (rows) => ({ prepare: 10 + rows * 3e-6, round: 10 + rows * 4e-6 }),
  async prepare(bench, rows) {
    await assertPython();
    const redis = await bench.redis();
    const table = await bench.data.table(bench.peerRows, 'csv');
    const model = await bench.data.file(`pandas-${DATA_VERSION}.pickle`, async (path) => {
      await promisify(execFile)(PYTHON, ['-B', join(PEERS, 'pandas_train.py'), table, path], {
        cwd: bench.data.path,
      });
    });
    const folder = await bench.data.workFolder();
    const output = join(folder, 'predictions.csv');
    return {
      contenders: [
        await withRedis(bench, FROM_CSV, 'csv', rows),
        await withRedis(bench, AS_MANY_CSV, 'csv', bench.peerRows),
        peerContender(PANDAS, redis, bench.peerRows, {
          program: PYTHON,
          args: [
            '-B',
            join(PEERS, 'pandas_pipeline.py'),
            table,
            model,
            output,
            redis.host,
            String(redis.port),
          ],
          cwd: folder,
        }),
      ],
      figures: (results) => [
        timesAsFast(results, FROM_CSV, PANDAS, null),
        timesAsFast(results, AS_MANY_CSV, PANDAS, null),
      ],
      release: () => rm(folder, { recursive: true, force: true }),
    };
  },
};

async function withRedis(
  bench: Bench,
  name: string,
  kind: 'parquet' | 'csv',
  rows: number,
): Promise<Contender> {
  const redis = await bench.redis();
  const input = await bench.data.table(rows, kind);
  const model = await modelFile(bench.data, 'trees');
  return {
    name,
    async measure() {
      await redis.restart();
      return measureRun(bench.data, { model, input, kvUrl: redis.url, rows, flags: bench.runFlags });
    },
  };
}

/** A program that prints how many rows it scored; the server is empty when it starts. */
function peerContender(name: string, redis: RedisServer, rows: number, command: Command): Contender {
  return {
    name,
    async measure(): Promise<Measurement> {
      await redis.restart();
      const { stdout, wallSeconds, cpuSeconds, memory } = await measureCommand(command);
      if (Number(stdout) !== rows) throw new Error(`${name} scored ${stdout} rows of ${rows}.`);
      return { rows, wallSeconds, cpuSeconds, memory, details: {} };
    },
  };
}

/** Rows a second by rows a second: the peer has fewer rows. */
function timesAsFast(results: Results, name: string, peer: string, target: Target | null): Figure {
  const ours = resultOf(results, name);
  const theirs = resultOf(results, peer);
  return {
    title: `${name} (${rowCountText(ours.rows)}) by ${peer}`,
    value: ours.rowsPerSecond / theirs.rowsPerSecond,
    unit: 'x',
    target,
    note: `the peer has ${rowCountText(theirs.rows)} rows`,
  };
}

async function assertPython(): Promise<void> {
  try {
    await promisify(execFile)(PYTHON, ['-c', 'import pandas, sklearn, redis']);
  } catch {
    throw new LeftOut(
      `${PYTHON} has not all of pandas, scikit-learn and redis (Debian: python3-pandas, python3-sklearn, python3-redis)`,
    );
  }
}
