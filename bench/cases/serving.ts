import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DAYS, PRODUCTS } from '../data/sales-sql.ts';
import { measureCommand } from '../measure/measure-command.ts';
import type { Measurement } from '../measure/measurement.ts';
import { publishToBoth } from '../project/publish-to-both.ts';
import type { ServingAnswer, ServingRequest } from '../project/serving-request.ts';
import { REPOSITORY } from '../repository.ts';
import {
  type BenchCase,
  type Contender,
  type Figure,
  LeftOut,
  type Results,
  resultOf,
} from './bench-case.ts';

const PROGRAM = fileURLToPath(new URL('../project/serving-program.js', import.meta.url));
const LMDB = 'serve, LMDB';
const REDIS = 'serve, Redis';

/** The HTTP server beside a bare one, in turn; wrk shares the cores with them. */
export const serving: BenchCase = {
  name: 'serving',
  about: 'serve over HTTP with wrk, from LMDB and Redis, in turn with bare node:http',
  runs: 'each',
  estimateSeconds: (rows) => ({ prepare: 10 + rows * 3e-6, round: 90 }),
  async prepare(bench, rows) {
    await promisify(execFile)('which', ['wrk']).catch(() => {
      throw new LeftOut('wrk is not installed');
    });
    const { lmdb, redis, release } = await publishToBoth(bench, rows);
    const stores = Math.max(1, Math.floor(rows / (PRODUCTS * DAYS)));
    return {
      contenders: [
        contender(LMDB, lmdb.url, { folder: lmdb.folder, stores }),
        contender(REDIS, redis.url, { folder: redis.folder, stores }),
      ],
      figures,
      release,
    };
  },
};

function contender(name: string, url: string, where: Pick<ServingRequest, 'folder' | 'stores'>): Contender {
  const request: ServingRequest = { main: join(REPOSITORY, 'dist/cli/main.js'), url, ...where };
  return {
    name,
    async measure(): Promise<Measurement> {
      const { stdout, memory, cpuSeconds } = await measureCommand({
        program: process.execPath,
        args: [PROGRAM, JSON.stringify(request)],
        cwd: where.folder,
      });
      const { requests, wallSeconds, ...details } = JSON.parse(stdout) as ServingAnswer;
      return { rows: requests, wallSeconds, cpuSeconds, memory, details: { ...details } };
    },
  };
}

function figures(results: Results): Figure[] {
  const [lmdb, redis] = [LMDB, REDIS].map((name) => resultOf(results, name).details);
  const figure = (
    store: string,
    details: Readonly<Record<string, number | string | null>> = {},
    atLeast: number,
  ): Figure[] => {
    const of = (name: keyof ServingAnswer): number => Number(details[name]);
    const cpu = `CPU ${of('servedCpuUs').toFixed(0)} us a request, bare ${of('bareCpuUs').toFixed(0)} us`;
    return [
      {
        title: `GET of one key from ${store}, requests/s by bare node:http`,
        value: of('served') / of('bare'),
        unit: 'x',
        target: { atLeast },
        note: `${Math.round(of('served'))}/s, bare ${Math.round(of('bare'))}/s; ${cpu}`,
      },
      {
        title: `POST of 500 keys from ${store}, p99`,
        value: of('postP99Ms') * 1000,
        unit: 'us',
        target: { atMost: 5_000 },
        note: `p50 ${of('postP50Ms').toFixed(2)} ms`,
      },
      {
        title: `memory of the server at the end by that after 100k requests, ${store}`,
        value: of('lateMb') / of('earlyMb'),
        unit: 'x',
        target: { atMost: 1.05 },
        note: `${of('earlyMb').toFixed(0)} MB, ${of('lateMb').toFixed(0)} MB`,
      },
    ];
  };
  return [...figure('LMDB', lmdb, 0.6), ...figure('Redis', redis, 0.7)];
}
