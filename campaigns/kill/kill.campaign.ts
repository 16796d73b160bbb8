import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { leftoversIn } from '../../test/support/processes.ts';
import { type RedisServer, startRedis } from '../../test/support/redis-server.ts';
import { seededRandom } from '../../test/support/seeded-random.ts';
import { type Bench, learnRun, makeBench } from './bench.ts';
import { checkDone, checkWhole, unknownRun } from './check.ts';
import { type Combination, Combinations } from './combinations.ts';
import { type Attempt, PREPARE } from './moments.ts';
import { killOptions } from './options.ts';
import { type Reader, startReader } from './readers.ts';
import { makeSilent, signal, strike } from './strike.ts';

const options = killOptions(process.env);
const random = seededRandom(options.seed);

let redis: RedisServer;
const benches: Bench[] = [];
const readers: Reader[] = [];

beforeAll(async () => {
  redis = await startRedis();
  for (const kind of options.kinds)
    for (const store of options.stores) benches.push(await makeBench(kind, store, options.model, redis.url));
  for (const [index, bench] of benches.entries()) readers.push(startReader(bench, options.seed + index + 1));
});
afterAll(() => redis.stop());

/** How long commands of a kind take: of those that ended before they were struck, and of the first. */
const durations = new Map<string, number>();
const counts = new Map<string, number>();
const exits = new Map<string, number>();
const violations: string[] = [];

it(`${options.kills} kills, ${options.model}, seed ${options.seed}`, async () => {
  const combinations = new Combinations(options, random);
  const endsAt = performance.now() + options.minutes * 60_000;
  let kills = 0;
  while (kills < options.kills && performance.now() < endsAt) {
    const dealt = await deal(combinations);
    if (dealt === null) break;
    const { combination, attempt } = dealt;
    const where = `kill ${kills + 1}: ${describe(combination)}`;
    const startMs = performance.now();
    const isStruck = await strikeOnce(attempt, combination).catch((error: unknown) => {
      violations.push(`${where}: ${error instanceof Error ? error.message : String(error)}`);
      say(violations.at(-1) ?? '');
      return true;
    });
    combinations.count(combination, isStruck);
    if (process.env.CAMPAIGN_VERBOSE)
      say(`${where}: ${isStruck} ${Math.round(performance.now() - startMs)} ms`);
    if (!isStruck) continue;
    kills++;
    if (kills % 25 === 0) say(`${kills} kills, ${violations.length} violations`);
  }
  const reports = await Promise.all(readers.map((reader) => reader.report()));
  const reads = reports.reduce((sum, report) => sum + report.reads, 0);
  violations.push(...reports.flatMap((report) => report.violations.map((each) => `a reader: ${each}`)));
  say(summary(kills, reads, combinations));
  expect(violations).toEqual([]);
});

interface Dealt {
  readonly combination: Combination;
  readonly attempt: Attempt;
}

/** The combination that was struck least of those that can be struck now. Null: none ever can. */
async function deal(combinations: Combinations): Promise<Dealt | null> {
  for (;;) {
    const inOrder = combinations.inOrder();
    if (inOrder.length === 0) return null;
    for (const combination of inOrder) {
      const attempt = await PREPARE[combination.moment](benchOf(combination));
      if (attempt !== null) return { combination, attempt };
    }
    await sleep(1000);
  }
}

function benchOf({ kind, store }: Combination): Bench {
  const bench = benches.find((each) => each.kind === kind && each.store === store);
  if (bench === undefined) throw new Error(`there is no bench for ${kind} ${store}`);
  return bench;
}

function describe({ kind, moment, store, victim }: Combination): string {
  return `${moment}, ${kind}, ${store}, ${victim}`;
}

/** Strikes one command, looks at what readers have, and lets the same command finish what it began. */
async function strikeOnce(attempt: Attempt, combination: Combination): Promise<boolean> {
  const { moment, victim } = combination;
  const bench = benchOf(combination);
  const { project } = bench;
  const kind = `${moment} ${bench.kind} ${bench.store}`;
  const startMs = performance.now();
  const running = project.start(attempt.args, { ownGroup: true });
  const duration = durations.get(kind);
  // A command that nobody has timed runs through: before the first tenth nothing has been written.
  if (duration !== undefined) await sleep((0.1 + 0.95 * random()) * duration);
  const struck = duration !== undefined && (await strike(running, victim, random));
  const mayGoOn = struck && victim === 'stop';
  if (mayGoOn) await takeOver(bench, attempt, running);
  const result = await running.result;
  if (!struck)
    durations.set(kind, Math.min(performance.now() - startMs, duration ?? Number.POSITIVE_INFINITY));
  const end = result.signal ?? String(result.code);
  if (struck) {
    count(counts, `${moment}, ${bench.kind}, ${victim}`);
    count(exits, `${victim}: ${end}`);
  }
  if (struck && victim === 'stop' && !['0', '6', 'SIGKILL'].includes(end))
    throw new Error(`stopped and continued, it ended with ${end}: ${result.stderr.slice(-400)}`);
  if (struck && victim === 'child' && end !== '0')
    throw new Error(`without a child, it ended with ${end}: ${result.stderr.slice(-400)}`);
  const left = await leftoversIn(project.folder);
  if (left.length > 0) throw new Error(`processes ${left.join(', ')} do not end`);
  await learnNewRun(bench, attempt);
  const allowed = [attempt.before, attempt.runId, ...(await ownRuns(bench, attempt))].filter(
    (each) => each != null,
  );
  await checkWhole(bench, attempt.job, allowed);
  await finish(bench, attempt);
  await checkDone(bench, attempt, victim);
  return struck;
}

/** While it stands still, the same command is done by this process, which finds its lock silent; then it goes on. */
async function takeOver(bench: Bench, attempt: Attempt, { pid }: { readonly pid: number }): Promise<void> {
  try {
    if (!(await makeSilent(bench.project.path('out', attempt.job), pid))) return;
    await learnNewRun(bench, attempt);
    // In a process of its own: it may wait for a lock of LMDB that what stands still holds.
    const result = await bench.project.start(attempt.args).result;
    if (result.code === 7 && /was stopped .* holds the lock/s.test(result.stderr)) {
      count(exits, 'successor: 7');
      return;
    }
    assertDone(attempt, result);
    await learnNewRun(bench, attempt);
    await checkDone(bench, attempt, 'stop');
  } finally {
    signal(-pid, 'SIGCONT');
  }
}

async function finish(bench: Bench, attempt: Attempt): Promise<void> {
  assertDone(attempt, await bench.project.serveBatch(attempt.args));
  await learnNewRun(bench, attempt);
}

function assertDone(
  { args }: Attempt,
  { code, stderr }: { readonly code: number | null; readonly stderr: string },
): void {
  const isDone = /is the published one already/.test(stderr);
  if (code !== 0 && !isDone) throw new Error(`${args.join(' ')} again ended with ${code}: ${stderr}`);
}

async function learnNewRun(bench: Bench, { job, slice, before }: Attempt): Promise<void> {
  const runId = await unknownRun(bench, job);
  if (runId !== null) learnRun(bench, runId, slice, before);
}

async function ownRuns(bench: Bench, { job, slice, runId }: Attempt): Promise<readonly string[]> {
  if (runId !== null) return [];
  const newest = (await bench.project.runs(job)).at(-1);
  return newest !== undefined && bench.contentOf.get(newest)?.slice === slice ? [newest] : [];
}

function count(map: Map<string, number>, name: string): void {
  map.set(name, (map.get(name) ?? 0) + 1);
}

function summary(kills: number, reads: number, combinations: Combinations): string {
  const table = (map: ReadonlyMap<string, number>): string =>
    [...map]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, times]) => `  ${name.padEnd(20)} ${times}`)
      .join('\n');
  return `
Struck
${table(counts)}
Ends of what was struck (signal or exit code)
${table(exits)}
${combinations.spread}.
${kills} kills (${options.model}, seed ${options.seed}), ${reads} whole series read, ${violations.length} violations.
The bytes at the end are ${violations.length === 0 ? 'those of undisturbed runs' : 'in doubt'}.${violations.map((each) => `\n  ${each}`).join('')}`;
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
