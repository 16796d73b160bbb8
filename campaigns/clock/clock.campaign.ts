import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { REPOSITORY } from '../../test/support/cli.ts';
import { ensureProgram } from '../../test/support/ensure-program.ts';
import { makeProject, type Project } from '../../test/support/project.ts';
import { clockChanges, dailyOccurrences, localTime, type Minute, offset } from './local-times.ts';

/** Two with gaps of half an hour or at midnight among them. */
const ZONES = [
  'Europe/Stockholm',
  'America/New_York',
  'Australia/Lord_Howe',
  'America/Santiago',
  'Africa/Cairo',
] as const;
const YEAR = 2026;
const HOUR = 60;
const DAY = 24 * HOUR;

interface Case {
  readonly name: string;
  readonly zone: string;
  readonly cron: string;
  /** When `tick` is called, in this order; the schedule is first seen at the first of them. */
  readonly ticks: readonly Minute[];
  readonly expected: readonly Minute[];
  /** Schedulers at each of them. Default: one. */
  readonly schedulers?: number;
}

const at = (text: string): Minute => Date.parse(`${text}:00Z`) / 60_000;
const iso = (minute: Minute): string => new Date(minute * 60_000).toISOString();
const every = (from: Minute, to: Minute, step: number): Minute[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);

/** A local time that clocks skip, or show twice, at a change. */
function casesOfChange(zone: string, change: Minute): Case {
  const forward = offset(zone, change) > offset(zone, change - 1);
  const shown = forward ? change + offset(zone, change - 1) : change + offset(zone, change);
  const time = new Date((shown + 15) * 60_000).toISOString().slice(11, 16);
  const [hour, minute] = time.split(':').map(Number);
  const around = [-50, -10, 16, 46, 130].map((minutes) => change + minutes);
  const ticks = [change - 26 * HOUR, ...around, change + 26 * HOUR];
  return {
    name: `${zone}: ${time}, which clocks ${forward ? 'skip' : 'show twice'} on ${localTime(zone, change).date}`,
    ...{ zone, cron: `${minute} ${hour} * * *`, ticks },
    expected: dailyOccurrences(zone, time, change - 26 * HOUR + 1, change + 26 * HOUR),
  };
}

const hourly = (from: string, to: string): Minute[] => every(at(from), at(to), HOUR);

const CASES: readonly Case[] = [
  ...ZONES.flatMap((zone) => clockChanges(zone, YEAR).map((change) => casesOfChange(zone, change))),
  {
    name: 'leap day',
    ...{ zone: 'UTC', cron: '0 12 29 2 *' },
    ticks: every(at('2028-02-27T12:30'), at('2028-03-01T12:30'), DAY),
    expected: [at('2028-02-29T12:00')],
  },
  {
    name: "year's end",
    ...{ zone: 'Europe/Stockholm', cron: '30 23,0 * * *' },
    ticks: every(at('2026-12-31T21:45'), at('2027-01-01T00:45'), HOUR / 2),
    expected: [at('2026-12-31T22:30'), at('2026-12-31T23:30')],
  },
  {
    name: 'the clock is set back by two hours',
    ...{ zone: 'UTC', cron: '0 * * * *' },
    ticks: ['10:30', '11:05', '12:05', '10:10', '11:10', '12:10', '13:05', '14:05'].map((time) =>
      at(`2026-06-01T${time}`),
    ),
    expected: hourly('2026-06-01T11:00', '2026-06-01T14:00'),
  },
  {
    name: 'asleep for three days',
    ...{ zone: 'UTC', cron: '0 */12 * * *' },
    ticks: [at('2026-06-01T13:00'), at('2026-06-02T00:05'), at('2026-06-05T00:05'), at('2026-06-05T12:05')],
    expected: every(at('2026-06-02T00:00'), at('2026-06-05T12:00'), 12 * HOUR),
  },
  {
    name: 'two schedulers at once',
    ...{ zone: 'UTC', cron: '*/10 * * * *', schedulers: 2 },
    ticks: every(at('2026-06-01T10:05'), at('2026-06-01T11:05'), 10),
    // What came up to ten minutes before the schedule was first seen counts, too.
    expected: every(at('2026-06-01T10:00'), at('2026-06-01T11:00'), 10),
  },
];

/** The beginning of the example's table: a run of it takes about a second. */
function fewRows(): string {
  const lines = readFileSync(join(REPOSITORY, 'fixtures/sales.csv'), 'utf8').split('\n');
  return `${lines.slice(0, 8).join('\n')}\n`;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

let library = '';
const results: { readonly name: string; readonly ticks: number; readonly violations: readonly string[] }[] =
  [];

beforeAll(async () => {
  await ensureProgram({
    name: 'libfaketime',
    debianPackage: 'libfaketime',
    howTo: 'with "apt-get install libfaketime" (Debian, Ubuntu)',
    isThere: async () => findLibrary() !== undefined,
  });
  library = findLibrary() ?? '';
});
afterAll(() => {
  const found = results.flatMap(({ violations }) => violations);
  for (const { name, ticks, violations } of results)
    say(`${violations.length === 0 ? 'ok' : 'NO'}  ${name} (${ticks} ticks)`);
  for (const each of found) say(`    ${each}`);
  const ticks = results.reduce((sum, each) => sum + each.ticks, 0);
  say(`${results.length} cases, ${ticks} ticks, ${found.length} violations`);
});

function findLibrary(): string | undefined {
  return readdirSync('/usr/lib')
    .map((folder) => join('/usr/lib', folder, 'faketime/libfaketime.so.1'))
    .find((path) => existsSync(path));
}

/** A `tick` whose clock shows `minute` as it starts, and goes on from there. */
async function tick(project: Project, minute: Minute): Promise<void> {
  const { code, stderr } = await project.inOwnProcess(['tick'], {
    env: {
      LD_PRELOAD: library,
      FAKETIME: `@${iso(minute).slice(0, 19).replace('T', ' ')}`,
      TZ: 'UTC',
      // Timers run as they do, and files keep the times that the disk gives them.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
      NO_FAKE_STAT: '1',
    },
  });
  // Another scheduler may have had the lock.
  if (code !== 0 && code !== 6) throw new Error(`tick at ${iso(minute)} ended with ${code}: ${stderr}`);
}

/** The occurrences that have a committed run, one entry a run. */
function committed(project: Project): readonly string[] {
  const runs = project.path('out/clocked/runs');
  if (!existsSync(runs)) return [];
  return readdirSync(runs)
    .filter((run) => existsSync(join(runs, run, 'run.json')))
    .map(
      (run) => JSON.parse(readFileSync(join(runs, run, 'plan.json'), 'utf8')).identity.occurrence as string,
    )
    .map((occurrence) => new Date(occurrence).toISOString())
    .sort();
}

it.each(CASES)('$name', async ({ name, zone, cron, ticks, expected, schedulers = 1 }) => {
  const project = await makeProject({ jobs: {} });
  await project.write('few.csv', fewRows());
  await project.write(
    'jobs/clocked.yaml',
    `model: fixtures/sales-by-column.onnx
input: few.csv
output: out
schedule: {cron: "${cron}", timezone: ${zone}, catchup: all}
`,
  );
  let calls = 0;
  const look = async (minute: Minute): Promise<void> => {
    calls += schedulers;
    await Promise.all(Array.from({ length: schedulers }, () => tick(project, minute)));
  };
  for (const minute of ticks) await look(minute);
  // What is left over is caught up: one look may leave some to the next.
  for (let before = -1; before !== committed(project).length; ) {
    before = committed(project).length;
    await look((ticks.at(-1) ?? 0) + 1);
  }
  const found = committed(project);
  const wanted = expected.map(iso);
  const violations = [
    ...wanted.filter((each) => !found.includes(each)).map((each) => `${name}: ${each} was missed`),
    ...found.filter((each) => !wanted.includes(each)).map((each) => `${name}: ${each} is not an occurrence`),
    ...found
      .filter((each, index) => found.indexOf(each) !== index)
      .map((each) => `${name}: ${each} ran twice`),
  ];
  results.push({ name, ticks: calls, violations });
  expect(violations).toEqual([]);
});
