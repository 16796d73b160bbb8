import { Redis } from 'ioredis';
import { openRedis } from '../../src/kv/redis/open-redis.ts';
import { NUMBER_BYTES, putFloat32 } from '../../src/kv/shortest-number.ts';
import type { KvBatch, KvStore } from '../../src/kv/store.ts';
import { KvBatchBuilder } from '../../src/sinks/kv/kv-batch-builder.ts';
import { seededUniform } from '../data/seeded.ts';
import type { LayoutAnswer, LayoutRequest, Quantiles } from './layout-request.ts';
import { cellAt, rowsOf, SHAPES, type Shape } from './shapes.ts';

const GENERATION = '20261121T093144Z-3q83';
const ROWS_PER_BATCH = 16_384;
const WARM_UP = 5_000;

/** Loads one shape into an empty Redis as a run does, and reads from it, one question at a time. */
async function main({ url, shape: name, lookups }: LayoutRequest): Promise<LayoutAnswer> {
  const shape = SHAPES.find((each) => each.name === name);
  if (shape === undefined) throw new Error(`There is no shape "${name}".`);
  const batches = batchesOf(shape);
  const clock = { now: () => new Date(), monotonicMs: () => performance.now() };
  const store = openRedis({ url, job: 'sales', clock });
  const redis = new Redis(url);
  try {
    if (shape.maxListpackEntries !== undefined)
      await redis.config('SET', 'hash-max-listpack-entries', shape.maxListpackEntries);
    const before = await serverOf(redis);
    const cpuBefore = process.cpuUsage();
    const start = performance.now();
    const { values } = await store.stage({
      fence: { lineage: 'bench', token: 1 },
      generation: GENERATION,
      layout: shape.layout,
      shard: 0,
      batches: () => stream(batches),
      ttlSeconds: null,
      signal: new AbortController().signal,
    });
    const wallSeconds = (performance.now() - start) / 1000;
    const cpu = process.cpuUsage(cpuBefore);
    const after = await serverOf(redis);
    return {
      values,
      wallSeconds,
      loaderCpuSeconds: (cpu.user + cpu.system) / 1e6,
      serverCpuSeconds: after.cpuSeconds - before.cpuSeconds,
      serverBytes: after.bytes - before.bytes,
      ...(await measureReads(store, shape, lookups)),
    };
  } finally {
    await store.close();
    redis.disconnect();
  }
}

/** Numbers as a model makes them: float32, written as a run writes them. */
function batchesOf(shape: Shape): readonly KvBatch[] {
  const random = seededUniform(11);
  const batches: KvBatch[] = [];
  let builder = new KvBatchBuilder(ROWS_PER_BATCH, shape.field !== null);
  let last: string | null = null;
  for (let row = 0; row < rowsOf(shape); row++) {
    if (builder.rows === ROWS_PER_BATCH) {
      batches.push(builder.batch());
      builder = new KvBatchBuilder(ROWS_PER_BATCH, shape.field !== null);
      last = null;
    }
    const cell = cellAt(shape, row);
    const key = shape.key(cell);
    if (key !== last) {
      builder.endKey(builder.bytes.text(key));
      last = key;
    }
    const fieldSize = shape.field === null ? 0 : builder.bytes.text(shape.field(cell));
    builder.endRow(fieldSize, builder.bytes.text(textOf(Math.fround(60 * random()))));
  }
  batches.push(builder.batch());
  return batches;
}

function textOf(prediction: number): string {
  const bytes = Buffer.alloc(NUMBER_BYTES);
  return bytes.toString('latin1', 0, putFloat32(bytes, 0, [prediction], 0));
}

async function* stream(batches: readonly KvBatch[]): AsyncGenerator<KvBatch> {
  yield* batches;
}

async function measureReads(
  store: KvStore,
  shape: Shape,
  lookups: number,
): Promise<Pick<LayoutAnswer, 'value' | 'series'>> {
  const random = seededUniform(7);
  const rows = Array.from({ length: lookups }, () => Math.floor(random() * rowsOf(shape)));
  const cells = rows.map((row) => cellAt(shape, row));
  const questions = cells.map((cell) => ({ key: shape.key(cell), field: shape.field?.(cell) ?? null }));
  const value = await timesOf(questions, ({ key, field }) => store.get(GENERATION, key, field));
  const series = shape.isSeries
    ? await timesOf(questions, ({ key }) => store.getSeries(GENERATION, key))
    : null;
  return { value, series };
}

/** Microseconds; every question must have an answer. */
async function timesOf<T>(
  questions: readonly T[],
  ask: (question: T) => Promise<unknown>,
): Promise<Quantiles> {
  for (const question of questions.slice(0, WARM_UP)) await ask(question);
  const times = new Float64Array(questions.length);
  for (const [index, question] of questions.entries()) {
    const start = performance.now();
    const answer = await ask(question);
    times[index] = (performance.now() - start) * 1000;
    if (answer === undefined) throw new Error(`${JSON.stringify(question)} is not in the store.`);
  }
  const sorted = times.sort();
  const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function serverOf(redis: Redis): Promise<{ readonly cpuSeconds: number; readonly bytes: number }> {
  const info = await redis.info();
  const field = (name: string): number => Number(new RegExp(`^${name}:([\\d.]+)`, 'm').exec(info)?.[1] ?? 0);
  return { cpuSeconds: field('used_cpu_user') + field('used_cpu_sys'), bytes: field('used_memory') };
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as LayoutRequest)));
