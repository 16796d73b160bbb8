import { rm } from 'node:fs/promises';
import { modelFile } from '../data/models.ts';
import { rowCountText } from '../data/row-count.ts';
import { DATA_VERSION } from '../data/sales-sql.ts';
import { writeProtocolFile } from '../limits/protocol-file.ts';
import { measureRedisPipe, serverDetails } from '../limits/redis-pipe.ts';
import { commitRun, measurePublish, measureRun } from '../project/serve-batch.ts';
import { type BenchCase, resultOf } from './bench-case.ts';
import { inferenceAlone, SERVE_BATCH_NAME, shareOfInference } from './contenders.ts';

const REDIS_CLI = 'redis-cli --pipe';

/** Loading alone: from committed parts into an empty server, until readers see it. */
export const redisLoad: BenchCase = {
  name: 'redis-load',
  about: 'loading Redis from the parts (serve-batch publish), beside redis-cli --pipe of the same commands',
  runs: 'each',
  estimateSeconds: (rows) => ({ prepare: 5 + rows * 3e-6, round: 3 + rows * 1.2e-6 }),
  async prepare(bench, rows) {
    const redis = await bench.redis();
    const content = { model: await modelFile(bench.data, 'trees'), input: await bench.data.table(rows) };
    await redis.restart();
    const run = await commitRun(bench.data, { ...content, kvUrl: redis.url, rows, flags: bench.runFlags });
    const protocolFile = await bench.data.file(`redis-${DATA_VERSION}-${rowCountText(rows)}.resp`, (path) =>
      writeProtocolFile(path, run.parts),
    );
    return {
      contenders: [
        {
          name: SERVE_BATCH_NAME,
          measure: async () => {
            await redis.restart();
            const measured = await measurePublish(run, rows);
            return { ...measured, details: { ...measured.details, ...(await serverDetails(redis)) } };
          },
        },
        { name: REDIS_CLI, measure: () => measureRedisPipe(redis, { protocolFile, rows }) },
      ],
      figures: (results) => [
        {
          title: 'loading Redis, by redis-cli --pipe',
          value:
            resultOf(results, SERVE_BATCH_NAME).rowsPerSecond / resultOf(results, REDIS_CLI).rowsPerSecond,
          unit: 'x',
          target: { atLeast: 0.85 },
        },
      ],
      release: () => rm(run.folder, { recursive: true, force: true }),
    };
  },
};

/** The whole way: score, write parts, load and publish. */
export const treesRedis: BenchCase = {
  name: 'trees-redis',
  about: 'trees, Parquet to Parquet and Redis, beside inference alone',
  runs: 'each',
  estimateSeconds: (rows) => ({ prepare: rows * 1.5e-6, round: 5 + rows * 5e-6 }),
  async prepare(bench, rows) {
    const redis = await bench.redis();
    const table = await bench.data.table(rows);
    const model = await modelFile(bench.data, 'trees');
    const request = { model, input: table, kvUrl: redis.url, rows, flags: bench.runFlags };
    return {
      contenders: [
        {
          name: SERVE_BATCH_NAME,
          measure: async () => {
            await redis.restart();
            const measured = await measureRun(bench.data, request);
            return { ...measured, details: { ...measured.details, ...(await serverDetails(redis)) } };
          },
        },
        inferenceAlone(bench, { model, table, rows }),
      ],
      figures: (results) => [
        shareOfInference(results, 'trees with Redis, end to end, by inference alone', { atLeast: 0.9 }),
      ],
    };
  },
};
