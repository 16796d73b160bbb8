import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { LayoutAnswer, LayoutRequest } from '../layouts/layout-request.ts';
import { SHAPES, type Shape } from '../layouts/shapes.ts';
import { measureCommand } from '../measure/measure-command.ts';
import type { Measurement } from '../measure/measurement.ts';
import {
  type Bench,
  type BenchCase,
  type Contender,
  type Figure,
  type Results,
  resultOf,
} from './bench-case.ts';

const PROGRAM = fileURLToPath(new URL('../layouts/layout-program.js', import.meta.url));
const LOOKUPS = 20_000;

/** What the layouts of Redis cost: each staged as a run does it, by one process into an empty server. */
export const redisLayouts: BenchCase = {
  name: 'redis-layouts',
  about: 'layouts of Redis (docs/redis.md): bytes of the server, speed of loading, single reads',
  runs: 'once',
  estimateSeconds: () => ({ prepare: 1, round: SHAPES.length * 8 }),
  async prepare(bench) {
    await bench.redis();
    return { contenders: SHAPES.map((shape) => contender(bench, shape)), figures };
  },
};

function contender(bench: Bench, { name }: Shape): Contender {
  return {
    name,
    async measure(): Promise<Measurement> {
      const redis = await bench.redis();
      await redis.restart();
      const request: LayoutRequest = { url: redis.url, shape: name, lookups: LOOKUPS };
      const { stdout, memory } = await measureCommand({
        program: process.execPath,
        args: [PROGRAM, JSON.stringify(request)],
        cwd: tmpdir(),
      });
      const answer = JSON.parse(stdout) as LayoutAnswer;
      return {
        rows: answer.values,
        wallSeconds: answer.wallSeconds,
        cpuSeconds: answer.loaderCpuSeconds,
        memory,
        details: {
          bytesPerValue: answer.serverBytes / answer.values,
          serverCpuSeconds: answer.serverCpuSeconds,
          valueP50Us: answer.value.p50,
          valueP99Us: answer.value.p99,
          seriesP50Us: answer.series?.p50 ?? null,
          seriesP99Us: answer.series?.p99 ?? null,
        },
      };
    },
  };
}

function figures(results: Results): Figure[] {
  return SHAPES.map(({ name }) => {
    const { rowsPerSecond, details } = resultOf(results, name);
    const number = (field: string): string => Number(details[field]).toFixed(1);
    const series = details.seriesP50Us === null ? '' : `, series ${number('seriesP50Us')} us`;
    return {
      title: `Redis, ${name}: values loaded`,
      value: rowsPerSecond,
      unit: 'rows/s',
      target: null,
      note: `${number('bytesPerValue')} bytes a value; server ${Number(details.serverCpuSeconds).toFixed(2)} s; read p50 ${number('valueP50Us')} us, p99 ${number('valueP99Us')} us${series}`,
    };
  });
}
