import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLookup, type Lookup } from '../../src/index.ts';
import { makeProject, type Project, withoutGates } from '../support/project.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';

const JOB = 'weekly-forecast';
const READERS = 4;
const WEEKS = ['2026-11-21', '2026-11-28', '2026-12-05'] as const;

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis.stop();
});

/** Five stores: enough that loading and publishing take a while. */
async function makeForecast(): Promise<Project> {
  const project = await makeProject();
  const file = project.path('jobs/weekly-forecast.yaml');
  const text = await readFile(file, 'utf8');
  await project.write(
    'jobs/weekly-forecast.yaml',
    withoutGates(text).replace('stores: fixtures/stores.csv', 'store: {from: 1, to: 5}'),
  );
  return project;
}

/** One answer of a reader: which run it came from, and the days that it held. */
interface Answer {
  readonly run: string;
  readonly days: string;
}

/** Asks for whole weeks of random keys, several at once, until it is told to stop. */
async function hammer(lookup: Lookup, isOver: () => boolean, answers: Map<string, Answer>): Promise<number> {
  let asked = 0;
  while (!isOver()) {
    const key = { store: 1 + (asked % 5), product: 1 + ((asked * 7919) % 1000) };
    const week = await lookup.series(key);
    const days = [...(week?.values.keys() ?? [])].join(' ');
    const answer = { run: week?.run ?? 'none', days };
    answers.set(`${answer.run} ${answer.days}`, answer);
    asked++;
  }
  return asked;
}

function daysFrom(date: string): string {
  const start = Date.parse(`${date}T00:00:00Z`);
  return Array.from({ length: 7 }, (_, day) =>
    new Date(start + day * 86_400_000).toISOString().slice(0, 10),
  ).join(' ');
}

describe.each(['LMDB', 'Redis'])('readers of %s while one week follows another', (store) => {
  it('see whole weeks of one run each, the old one or the new one', async () => {
    const project = await makeForecast();
    const url = store === 'Redis' ? redis.url : `lmdb:${project.path('out', JOB, 'kv')}`;
    const flags = store === 'Redis' ? ['--kv', redis.url] : [];
    const runWeek = (week: string) => project.run([JOB, '--occurrence', week, ...flags]);
    const expected = new Map([[(await runWeek(WEEKS[0])).runId, daysFrom(WEEKS[0])]]);

    let isOver = false;
    const answers = new Map<string, Answer>();
    const lookups = Array.from({ length: READERS }, () => createLookup({ job: JOB, url, refreshMs: 1 }));
    const readers = lookups.map((lookup) => hammer(lookup, () => isOver, answers));
    for (const week of WEEKS.slice(1)) expected.set((await runWeek(week)).runId, daysFrom(week));
    isOver = true;
    const asked = await Promise.all(readers);
    for (const lookup of lookups) await lookup.close();

    expect(Math.min(...asked)).toBeGreaterThan(100);
    for (const { run, days } of answers.values()) expect([run, days]).toEqual([run, expected.get(run)]);
    // Two weeks at least were seen: otherwise nothing was hammered.
    expect(answers.size).toBeGreaterThanOrEqual(2);
  });
});
