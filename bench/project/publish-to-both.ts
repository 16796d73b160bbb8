import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bench } from '../cases/bench-case.ts';
import { modelFile } from '../data/models.ts';
import { JOB } from './project.ts';
import { commitRun } from './serve-batch.ts';

/** A run of the small network, published to LMDB and to Redis. */
export interface PublishedStores {
  readonly lmdb: { readonly url: string; readonly folder: string };
  readonly redis: { readonly url: string; readonly folder: string };
  release(): Promise<void>;
}

export async function publishToBoth(bench: Bench, rows: number): Promise<PublishedStores> {
  const redis = await bench.redis();
  await redis.restart();
  const content = { model: await modelFile(bench.data, 'small-net'), input: await bench.data.table(rows) };
  const publishTo = (kvUrl: string) =>
    commitRun(bench.data, { ...content, kvUrl, rows, flags: bench.runFlags });
  const inLmdb = await publishTo(`lmdb:out/${JOB}/kv`);
  const inRedis = await publishTo(redis.url);
  return {
    lmdb: { url: `lmdb:${join(inLmdb.folder, 'out', JOB, 'kv')}`, folder: inLmdb.folder },
    redis: { url: redis.url, folder: inRedis.folder },
    release: async () => {
      for (const { folder } of [inLmdb, inRedis]) await rm(folder, { recursive: true, force: true });
    },
  };
}
