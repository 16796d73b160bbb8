import { describe, expect, it, vi } from 'vitest';
import { DEFAULT_SCHEDULE, type ScheduleSpec } from '../../../src/config/sections/schedule.ts';
import { newRecord, type OccurrenceRecord } from '../../../src/runs/occurrence/occurrence-record.ts';
import { backoffMs, type Decision, decide, type OccurrenceLedger } from '../../../src/schedule/due/decide.ts';
import { jitterMs } from '../../../src/schedule/due/jitter.ts';

const NOW = new Date('2026-11-21T00:00:30Z');
const day = (date: number): Date => new Date(Date.UTC(2026, 10, date));

interface Case extends Partial<OccurrenceLedger> {
  readonly schedule?: Partial<ScheduleSpec>;
  readonly now?: Date;
  readonly known?: readonly (Partial<OccurrenceRecord> & { readonly of: Date })[];
}

function decided({ schedule = {}, now = NOW, known = [], ...ledger }: Case): Decision {
  const records = known.map(({ of, ...changes }) => ({ ...newRecord(of, NOW), ...changes }));
  return decide({
    job: 'sales',
    schedule: { ...DEFAULT_SCHEDULE, cron: '0 0 * * *', ...schedule },
    now,
    ledger: {
      since: day(1),
      records: new Map(records.map((record) => [record.occurrence, record])),
      missed: [],
      waits: new Map(),
      alerts: new Set(),
      runs: new Map(),
      published: null,
      lockedSince: null,
      ...ledger,
    },
  });
}

const DONE_17 = { of: day(17), state: 'done' } as const;
const WINDOW = { catchupWindowSeconds: 4.5 * 86_400 };

describe('catchup', () => {
  it('latest runs the newest, and leaves the others', () => {
    const { run, missed } = decided({ known: [DONE_17], schedule: WINDOW });
    expect(run).toEqual([day(21)]);
    expect(missed).toEqual([day(18), day(19), day(20)]);
  });

  it('all runs them, oldest first', () => {
    const { run, missed } = decided({ known: [DONE_17], schedule: { ...WINDOW, catchup: 'all' } });
    expect(run).toEqual([day(18), day(19), day(20), day(21)]);
    expect(missed).toEqual([]);
  });

  it.each([
    ['2026-11-21T00:10:00Z', [day(21)]],
    ['2026-11-21T00:10:01Z', []],
  ])('none at %s runs %j', (now, expected) => {
    const { run, missed } = decided({
      known: [DONE_17],
      now: new Date(now),
      schedule: { ...WINDOW, catchup: 'none' },
    });
    expect(run).toEqual(expected);
    expect(missed).toHaveLength(4 - expected.length);
  });

  it('none runs one that was there in time and had to wait', () => {
    const known = [{ of: day(21), state: 'waiting' }] as const;
    expect(
      decided({ known, now: new Date('2026-11-21T05:00:00Z'), schedule: { catchup: 'none' } }).run,
    ).toEqual([day(21)]);
  });

  it('nothing older than the window, and nothing from before the first sight', () => {
    const all = { catchup: 'all', catchupWindowSeconds: 2 * 86_400 } as const;
    expect(decided({ schedule: all }).run).toEqual([day(20), day(21)]);
    expect(decided({ schedule: all, since: new Date('2026-11-20T12:00:00Z') }).run).toEqual([day(21)]);
  });
});

describe('an occurrence is settled', () => {
  it.each(['done', 'failed', 'skipped', 'missed'] as const)('by a record: %s', (state) => {
    expect(decided({ since: day(21), known: [{ of: day(21), state }] }).run).toEqual([]);
  });

  it.each(['published', 'superseded', 'rolled back'] as const)('by a run that is %s', (status) => {
    const runs = new Map([[day(21).toISOString(), { runId: 'r', status }]]);
    const { run, settled } = decided({ since: day(21), runs });
    expect(run).toEqual([]);
    expect(settled).toEqual([{ occurrence: day(21), runId: 'r' }]);
  });

  it('not by a run that was never published, unless a newer one is', () => {
    const runs = new Map([[day(20).toISOString(), { runId: 'r', status: 'committed' as const }]]);
    const since = day(20);
    expect(decided({ since, runs }).run).toEqual([day(21), day(20)]);
    expect(decided({ since, runs, published: day(21).toISOString() }).run).toEqual([day(21)]);
    // A clock that was wrong published it: it is not newer.
    expect(decided({ since, runs, published: '2030-01-01T00:00:00.000Z' }).run).toContainEqual(day(20));
  });

  it.each(['failed', 'interrupted'] as const)('not by a run that is %s', (status) => {
    const runs = new Map([[day(21).toISOString(), { runId: 'r', status }]]);
    expect(decided({ since: day(21), runs }).run).toEqual([day(21)]);
  });

  it('by having been missed, unless a clock that was ahead said so', () => {
    const range = {
      formatVersion: 1,
      from: day(19).toISOString(),
      to: day(20).toISOString(),
      count: 2,
    } as const;
    const all = { catchup: 'all', ...WINDOW } as const;
    const request = { since: day(18), schedule: all };
    expect(decided({ ...request, missed: [{ ...range, at: NOW.toISOString() }] }).run).toEqual([
      day(18),
      day(21),
    ]);
    expect(decided({ ...request, missed: [{ ...range, at: '2027-01-01T00:00:00.000Z' }] }).run).toHaveLength(
      4,
    );
  });
});

describe('a record that a clock wrote which was ahead', () => {
  it.each([
    ['skipped', 1],
    ['missed', 1],
    ['done', 0],
    ['failed', 0],
  ] as const)('%s: %i to run', (state, count) => {
    const known = [{ of: day(21), state, at: '2030-01-01T00:00:00.000Z' }];
    expect(decided({ since: day(21), known }).run).toHaveLength(count);
  });
});

describe('a run that failed', () => {
  const failed = { of: day(20), state: 'waiting', attempts: 1 } as const;

  it('waits for its pause, and does not hold up the next occurrence', () => {
    const known = [{ ...failed, nextAttemptAt: '2026-11-21T00:01:00.000Z' }];
    const { run, nextAt, failing } = decided({ since: day(20), known });
    expect(run).toEqual([day(21)]);
    expect(nextAt).toEqual(new Date('2026-11-21T00:01:00Z'));
    expect(failing).toHaveLength(1);
  });

  it('is tried again after its pause, whatever catchup says, after the newer one', () => {
    const known = [{ ...failed, nextAttemptAt: '2026-11-21T00:00:10.000Z' }];
    expect(decided({ since: day(20), known, schedule: { catchup: 'none' } }).run).toEqual([day(21), day(20)]);
  });

  it('does not wait for years where the clock was set back', () => {
    const known = [{ ...failed, nextAttemptAt: '2030-01-01T00:00:00.000Z' }];
    expect(decided({ since: day(20), known }).run).toContainEqual(day(20));
  });

  it('pauses twice as long each time, up to an hour', () => {
    const pauses = [1, 2, 3, 20].map((failures) => backoffMs({ backoffSeconds: 60 }, failures));
    expect(pauses).toEqual([60_000, 120_000, 240_000, 3_600_000]);
  });

  it('goes on where it was killed', () => {
    expect(decided({ since: day(20), known: [{ of: day(20), state: 'running' }] }).run).toContainEqual(
      day(20),
    );
  });
});

describe('while the job is running', () => {
  const lockedSince = '2026-11-20T23:00:00.000Z';

  it('an occurrence waits', () => {
    expect(decided({ since: day(21), lockedSince })).toMatchObject({ run: [], wait: [day(21)], skip: [] });
  });

  it('or is skipped', () => {
    const decision = decided({ since: day(21), lockedSince, schedule: { overlap: 'skip' } });
    expect(decision).toMatchObject({ run: [], wait: [], skip: [day(21)] });
  });

  it('but not where that run began after it came: it may be its own', () => {
    const decision = decided({
      since: day(21),
      lockedSince: '2026-11-21T00:00:01.000Z',
      schedule: { overlap: 'skip' },
    });
    expect(decision).toMatchObject({ run: [], skip: [] });
  });
});

describe('deadline', () => {
  const late = { since: day(21), now: new Date('2026-11-21T01:00:01Z'), schedule: { deadlineSeconds: 3600 } };

  it('passes for an occurrence that is not done', () => {
    expect(decided(late).late).toEqual([day(21)]);
    expect(decided({ ...late, known: [{ of: day(21), state: 'running' }] }).late).toEqual([day(21)]);
    expect(decided({ ...late, lockedSince: '2026-11-21T00:00:01.000Z' }).late).toEqual([day(21)]);
  });

  it('is not told twice, nor too early, nor of what is done', () => {
    expect(decided({ ...late, alerts: new Set(['20261121T000000Z.late']) }).late).toEqual([]);
    expect(decided({ ...late, now: new Date('2026-11-21T01:00:00Z') }).late).toEqual([]);
    expect(decided({ ...late, known: [{ of: day(21), state: 'done' }] }).late).toEqual([]);
  });
});

describe('jitter', () => {
  const schedule = { jitterSeconds: 600 };
  const ms = jitterMs('sales', day(21), 600);

  it('is the same each time, differs between occurrences, and stays below its bound', () => {
    expect(jitterMs('sales', day(21), 600)).toBe(ms);
    const many = Array.from({ length: 200 }, (_, index) => jitterMs('sales', day(index), 600));
    expect(new Set(many).size).toBeGreaterThan(190);
    expect(Math.max(...many)).toBeLessThan(600_000);
    expect(Math.min(...many)).toBeGreaterThanOrEqual(0);
  });

  it('starts an occurrence so much later', () => {
    const at = new Date(day(21).getTime() + ms);
    const before = decided({ since: day(21), now: new Date(at.getTime() - 1), schedule });
    expect(before).toMatchObject({ run: [], nextAt: at });
    expect(decided({ since: day(21), now: at, schedule }).run).toEqual([day(21)]);
  });
});

it('asks about a thousand open occurrences without making the text of each', () => {
  const texts = vi.spyOn(Date.prototype, 'toISOString');
  try {
    const { run, settledUntil, late } = decided({
      now: new Date('2026-11-21T00:00:30Z'),
      since: day(14),
      schedule: {
        cron: '*/10 * * * *',
        catchup: 'all',
        deadlineSeconds: 60,
        catchupWindowSeconds: 8 * 86_400,
      },
      known: [{ of: day(14), state: 'done' }],
      missed: [
        {
          formatVersion: 1,
          from: '2026-11-14T00:10:00.000Z',
          to: '2026-11-14T01:00:00.000Z',
          count: 6,
          at: '2026-11-14T02:00:00.000Z',
        },
      ],
      alerts: new Set(['20261120T000000Z.late-from.20261114T000000Z']),
    });
    expect([run.length, late.length, settledUntil?.count]).toEqual([1002, 143, 7]);
    expect(texts.mock.calls.length).toBeLessThan(50);
  } finally {
    texts.mockRestore();
  }
});
