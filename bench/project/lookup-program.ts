import { pathToFileURL } from 'node:url';
import { Redis } from 'ioredis';
import type * as ServeBatch from '../../src/index.ts';
import { DAYS, FIRST_DAY, PRODUCTS } from '../data/sales-sql.ts';
import { seededUniform } from '../data/seeded.ts';
import type { LookupAnswer, LookupRequest } from './lookup-request.ts';
import { JOB } from './project.ts';

const WARM_UP = 20_000;
const BLOCK = 1_000;

interface Question {
  readonly columns: { readonly store: number; readonly product: number; readonly date: string };
  readonly key: string;
  readonly field: string;
}

type Ask = (question: Question) => Promise<unknown>;

/** Asks the library, and in turn a bare HGET where there is a Redis, one question at a time. */
async function main(request: LookupRequest): Promise<LookupAnswer> {
  // The library as it is built, and as users import it.
  const { createLookup } = (await import(pathToFileURL(request.library).href)) as typeof ServeBatch;
  const lookup = createLookup({ job: JOB, url: request.url });
  const redis = request.url.startsWith('redis') ? new Redis(request.url) : null;
  try {
    const { generation } = await lookup.info();
    const questions = randomQuestions(request, generation);
    const asks: Record<string, Ask> = {
      library: ({ columns }) => lookup.get(columns),
      ...(redis === null ? {} : { bare: ({ key, field }) => redis.hget(key, field) }),
    };
    for (const question of questions.slice(0, WARM_UP))
      for (const ask of Object.values(asks)) await ask(question);
    return await measure(questions, asks);
  } finally {
    await lookup.close();
    redis?.disconnect();
  }
}

async function measure(questions: readonly Question[], asks: Record<string, Ask>): Promise<LookupAnswer> {
  const times = Object.fromEntries(
    Object.keys(asks).map((name) => [name, new Float64Array(questions.length)]),
  );
  const start = performance.now();
  for (let from = 0; from < questions.length; from += BLOCK) {
    for (const [name, ask] of Object.entries(asks))
      await askBlock(questions, from, ask, times[name] ?? new Float64Array(0));
  }
  const wallSeconds = (performance.now() - start) / 1000;
  const of = (name: string) => {
    const sorted = times[name]?.sort();
    return sorted === undefined ? null : { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99) };
  };
  const library = of('library');
  if (library === null) throw new Error('Nothing was measured.');
  return { lookups: questions.length, wallSeconds, library, bare: of('bare') };
}

async function askBlock(
  questions: readonly Question[],
  from: number,
  ask: Ask,
  times: Float64Array,
): Promise<void> {
  const end = Math.min(from + BLOCK, questions.length);
  for (let index = from; index < end; index++) {
    const question = questions[index];
    if (question === undefined) return;
    const start = performance.now();
    const answer = await ask(question);
    times[index] = (performance.now() - start) * 1000;
    if (answer === undefined || answer === null) throw new Error(`${question.key} is not in the store.`);
  }
}

/** Keys that exist, in no order. The texts are made beforehand: the bare HGET is to be only that. */
function randomQuestions({ lookups, rows }: LookupRequest, generation: string): readonly Question[] {
  const random = seededUniform(7);
  return Array.from({ length: lookups }, () => {
    const row = Math.floor(random() * rows);
    const store = Math.floor(row / (PRODUCTS * DAYS)) + 1;
    const product = (Math.floor(row / DAYS) % PRODUCTS) + 1;
    const date = new Date(Date.parse(FIRST_DAY) + (row % DAYS) * 86_400_000).toISOString().slice(0, 10);
    return {
      columns: { store, product, date },
      key: `${JOB}:${generation}:${store}:${product}`,
      field: date,
    };
  });
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

process.stdout.write(JSON.stringify(await main(JSON.parse(process.argv[2] ?? '') as LookupRequest)));
