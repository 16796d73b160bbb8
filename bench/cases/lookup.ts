import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { measureCommand } from '../measure/measure-command.ts';
import type { Measurement } from '../measure/measurement.ts';
import type { LookupAnswer, LookupRequest } from '../project/lookup-request.ts';
import { publishToBoth } from '../project/publish-to-both.ts';
import { REPOSITORY } from '../repository.ts';
import {
  type Bench,
  type BenchCase,
  type Contender,
  type Figure,
  type Results,
  resultOf,
} from './bench-case.ts';

const PROGRAM = fileURLToPath(new URL('../project/lookup-program.js', import.meta.url));
const LOOKUPS = 200_000;
const LMDB = 'lookup, LMDB';
const REDIS = 'lookup, Redis';

/** One request at a time, in the process that answers it. */
export const lookup: BenchCase = {
  name: 'lookup',
  about: 'createLookup in process: LMDB, and Redis beside a bare HGET through ioredis',
  runs: 'each',
  estimateSeconds: (rows) => ({ prepare: 10 + rows * 3e-6, round: 35 }),
  async prepare(bench, rows) {
    const { lmdb, redis, release } = await publishToBoth(bench, rows);
    return {
      contenders: [contender(bench, LMDB, lmdb.url, rows), contender(bench, REDIS, redis.url, rows)],
      figures,
      release,
    };
  },
};

function contender({ data }: Bench, name: string, url: string, rows: number): Contender {
  const request: LookupRequest = {
    library: join(REPOSITORY, 'dist/index.js'),
    url,
    rows,
    lookups: LOOKUPS,
  };
  return {
    name,
    async measure(): Promise<Measurement> {
      const { stdout, memory, cpuSeconds } = await measureCommand({
        program: process.execPath,
        args: [PROGRAM, JSON.stringify(request)],
        cwd: data.path,
      });
      const { lookups, wallSeconds, library, bare } = JSON.parse(stdout) as LookupAnswer;
      return {
        // Of all questions: those of the bare HGET too.
        rows: lookups * (bare === null ? 1 : 2),
        wallSeconds,
        cpuSeconds,
        memory,
        details: {
          libraryP50Us: library.p50,
          libraryP99Us: library.p99,
          bareP50Us: bare?.p50 ?? null,
          bareP99Us: bare?.p99 ?? null,
        },
      };
    },
  };
}

function figures(results: Results): Figure[] {
  const lmdb = resultOf(results, LMDB).details;
  const redis = resultOf(results, REDIS).details;
  const us = (value: number | string | null | undefined): string => `${Number(value).toFixed(1)} us`;
  return [
    {
      title: 'lookup in LMDB, p99',
      value: Number(lmdb.libraryP99Us),
      unit: 'us',
      target: { atMost: 50 },
      note: `p50 ${us(lmdb.libraryP50Us)}`,
    },
    {
      title: 'lookup in Redis, p99 by that of a bare HGET',
      value: Number(redis.libraryP99Us) / Number(redis.bareP99Us),
      unit: 'x',
      target: { atMost: 1.5 },
      note: `p99 ${us(redis.libraryP99Us)}, bare ${us(redis.bareP99Us)}; p50 ${us(redis.libraryP50Us)}, bare ${us(redis.bareP50Us)}`,
    },
  ];
}
