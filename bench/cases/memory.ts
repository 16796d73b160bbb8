import { type ModelName, modelFile } from '../data/models.ts';
import { rowCountText } from '../data/row-count.ts';
import { JOB } from '../project/project.ts';
import { measureRun } from '../project/serve-batch.ts';
import {
  type Bench,
  type BenchCase,
  type Contender,
  type Figure,
  type Results,
  resultOf,
} from './bench-case.ts';

const LEAST_ROWS = 700_000;

interface Variant {
  readonly name: string;
  readonly model: ModelName;
  readonly store: 'none' | 'lmdb' | 'redis';
}

const VARIANTS: readonly Variant[] = [
  { name: 'trees', model: 'trees', store: 'none' },
  { name: 'small network', model: 'small-net', store: 'none' },
  { name: 'small network, Redis', model: 'small-net', store: 'redis' },
  { name: 'small network, LMDB', model: 'small-net', store: 'lmdb' },
];

/** Whether memory stays the same however many rows there are. */
export const memory: BenchCase = {
  name: 'memory',
  about: 'peak memory of the largest process at 700k rows and at those asked for, also with the stores',
  runs: 'once',
  estimateSeconds: (rows) => ({ prepare: rows * 1.5e-6, round: 12 + (rows + LEAST_ROWS) * 6e-6 }),
  async prepare(bench) {
    const sizes = sizesOf(bench);
    for (const rows of sizes) await bench.data.table(rows);
    return {
      contenders: VARIANTS.flatMap((variant) => sizes.map((rows) => contender(bench, variant, rows))),
      figures: (results) => VARIANTS.flatMap((variant) => figuresOf(results, variant, sizes)),
    };
  },
};

/** 700k for the comparison, and what was asked for beyond it. Below it the processes never fill up. */
function sizesOf({ rows }: Bench): readonly number[] {
  return [LEAST_ROWS, ...rows.filter((each) => each > LEAST_ROWS)];
}

function contender(bench: Bench, variant: Variant, rows: number): Contender {
  return {
    name: nameOf(variant, rows),
    async measure() {
      const redis = variant.store === 'redis' ? await bench.redis() : null;
      await redis?.restart();
      const kvUrl = redis?.url ?? (variant.store === 'lmdb' ? `lmdb:out/${JOB}/kv` : 'none');
      const input = await bench.data.table(rows);
      const model = await modelFile(bench.data, variant.model);
      return measureRun(bench.data, { model, input, kvUrl, rows, flags: bench.runFlags });
    },
  };
}

function nameOf({ name }: Variant, rows: number): string {
  return `${name}, ${rowCountText(rows)}`;
}

function figuresOf(results: Results, variant: Variant, sizes: readonly number[]): Figure[] {
  const megabytesAt = sizes.map((rows) => {
    const { memory: peak } = resultOf(results, nameOf(variant, rows));
    return { largest: (peak?.largestBytes ?? 0) / 1e6, anonymous: (peak?.largestAnonymousBytes ?? 0) / 1e6 };
  });
  const largest = megabytesAt.map((each) => each.largest);
  const growth = Math.max(...largest) / (largest[0] ?? Number.NaN) - 1;
  const anonymous = Math.max(...megabytesAt.map((each) => each.anonymous));
  return [
    {
      title: `peak memory of the largest process (${variant.name})`,
      value: Math.max(...largest),
      unit: 'MB',
      target: { atMost: 400 },
      note: `${anonymous.toFixed(0)} MB of it belong to no file`,
    },
    ...(sizes.length === 1 ? [] : [growthFigure(growth, variant, sizes)]),
  ];
}

function growthFigure(growth: number, { name }: Variant, sizes: readonly number[]): Figure {
  return {
    title: `its growth over ${sizes.map(rowCountText).join(', ')} rows (${name})`,
    value: 100 * growth,
    unit: '%',
    target: { atMost: 10 },
  };
}
