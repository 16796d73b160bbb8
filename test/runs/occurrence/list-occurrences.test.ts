import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { occurrencesFolder, runPaths } from '../../../src/runs/layout.ts';
import { acquireLock } from '../../../src/runs/lock/lock.ts';
import {
  failedWithoutRun,
  listOccurrences,
  occurrenceStatus,
} from '../../../src/runs/occurrence/list-occurrences.ts';
import {
  newRecord,
  type OccurrenceRecord,
  writeMissed,
  writeRecord,
} from '../../../src/runs/occurrence/occurrence-record.ts';
import { writePlan } from '../../../src/runs/plan/plan-file.ts';
import { markPublished, markRolledBack, setCurrent } from '../../../src/runs/publication.ts';
import { writeManifest } from '../../../src/runs/record/run-record.ts';
import { fixedClock, samplePlan, sampleRecord, temporaryFolder } from '../sample-run.ts';

const NIGHT = '2026-11-21T00:00:00.000Z';
const CLOCK = fixedClock('2026-11-21T00:10:00Z');

const record = (changes: Partial<OccurrenceRecord> = {}): OccurrenceRecord => ({
  ...newRecord(new Date(changes.occurrence ?? NIGHT), CLOCK.now()),
  ...changes,
});

async function commit(folder: string, runId: string, occurrence = NIGHT) {
  const plan = samplePlan({ runId, identity: { ...samplePlan().identity, occurrence } });
  const paths = runPaths(folder, runId);
  await writePlan(paths, plan);
  await writeManifest(paths, sampleRecord(plan));
  return paths;
}

describe('the status of an occurrence', () => {
  const running = record({ state: 'running', at: '2026-11-21T00:00:05.000Z' });
  const holder = { since: '2026-11-21T00:00:04.000Z', runId: null };

  it('is running only where the holder of the lock is running it', () => {
    expect(occurrenceStatus(running, undefined, holder)).toBe('running');
    expect(occurrenceStatus(running, undefined, undefined)).toBe('interrupted');
    // The lock is held for another run, which began later.
    const other = { since: '2026-11-21T00:00:06.000Z', runId: '20261121T000006Z-aaaa' };
    expect(occurrenceStatus(running, undefined, other)).toBe('interrupted');
    const own = { runId: other.runId, status: 'running' } as const;
    expect(occurrenceStatus(running, own, other)).toBe('running');
  });

  it.each([
    [record({ state: 'failed', attempts: 3 }), undefined, 'failed'],
    [record({ state: 'failed', attempts: 3 }), 'published', 'published'],
    [record({ state: 'waiting', attempts: 1 }), 'committed', 'committed'],
    [record({ state: 'done' }), undefined, 'done'],
    [undefined, 'interrupted', 'interrupted'],
  ] as const)('%j with a run that is %s is %s', (known, status, expected) => {
    const run = status === undefined ? undefined : { runId: 'r', status };
    expect(occurrenceStatus(known, run, undefined)).toBe(expected);
  });
});

describe('occurrences that failed without a run', () => {
  const LATER = '2026-11-21T01:00:00.000Z';
  const failed = (occurrence: string, runId: string | null = null) =>
    record({ occurrence, state: 'failed', attempts: 3, runId });

  it('are those whose record failed and that no run is there for', async () => {
    const folder = await temporaryFolder();
    await commit(folder, '20261121T000500Z-aaaa');
    await writeRecord(folder, failed(NIGHT));
    await writeRecord(folder, failed(LATER));
    await writeRecord(folder, failed('2026-11-21T02:00:00.000Z', '20261121T020500Z-cccc'));
    const listed = await failedWithoutRun(folder, CLOCK, {});
    expect(listed.map(({ occurrence }) => occurrence)).toEqual([LATER]);
    expect(await failedWithoutRun(folder, CLOCK, { since: new Date('2026-11-21T01:30:00Z') })).toEqual([]);
  });

  it('are none where all records are done', async () => {
    const folder = await temporaryFolder();
    await commit(folder, '20261121T000500Z-aaaa');
    await writeRecord(folder, record({ state: 'done', runId: '20261121T000500Z-aaaa' }));
    expect(await failedWithoutRun(folder, CLOCK, {})).toEqual([]);
  });
});

describe('the list of occurrences', () => {
  it('shows the published run of an occurrence, not one of it that was rolled back later', async () => {
    const folder = await temporaryFolder();
    const published = await commit(folder, '20261121T000001Z-aaaa');
    const left = await commit(folder, '20261121T000002Z-bbbb');
    await setCurrent(folder, published.runId);
    await markPublished(published, { at: CLOCK.now(), token: 1 });
    await markPublished(left, { at: CLOCK.now(), token: 2 });
    await markRolledBack(left, { at: CLOCK.now() });
    expect(await listOccurrences(folder, CLOCK)).toMatchObject([
      { occurrence: NIGHT, status: 'published', runId: published.runId },
    ]);
  });

  it('has failures with their reason, missed ones in a row, and the newest first', async () => {
    const folder = await temporaryFolder();
    const error = { code: 'INPUT_NOT_FOUND', message: 'No file', fields: {}, retryable: false, exitCode: 3 };
    await writeRecord(folder, record({ state: 'failed', attempts: 3, error: { ...error } as never }));
    const range = { from: '2026-11-18T00:00:00.000Z', to: '2026-11-20T00:00:00.000Z', count: 3 };
    await writeMissed(folder, { formatVersion: 1, ...range, at: NIGHT });
    const all = await listOccurrences(folder, CLOCK);
    expect(all).toMatchObject([
      { occurrence: NIGHT, status: 'failed', attempts: 3, runId: null, error },
      { occurrence: range.to, firstOccurrence: range.from, count: 3, status: 'missed' },
    ]);
    expect(await listOccurrences(folder, CLOCK, { limit: 1 })).toEqual(all.slice(0, 1));
    expect(await listOccurrences(folder, CLOCK, { statuses: ['missed'] })).toEqual(all.slice(1));
    expect(await listOccurrences(folder, CLOCK, { since: new Date(NIGHT) })).toEqual(all.slice(0, 1));
  });

  it('says running while the lock is held, and interrupted afterwards', async () => {
    const folder = await temporaryFolder();
    const lock = await acquireLock(folder, { clock: CLOCK });
    await writeRecord(folder, record({ state: 'running' }));
    expect(await listOccurrences(folder, CLOCK)).toMatchObject([{ status: 'running' }]);
    await lock.release();
    expect(await listOccurrences(folder, CLOCK)).toMatchObject([{ status: 'interrupted' }]);
  });
});

describe('a limited list of occurrences', () => {
  it('is the beginning of the whole one, whatever the limit', async () => {
    const folder = await temporaryFolder();
    const at = (hour: number): string => `2026-11-20T${String(hour).padStart(2, '0')}:00:00.000Z`;
    for (const hour of [1, 4, 7]) await commit(folder, `20261121T000${hour}00Z-aaaa`, at(hour));
    for (const hour of [2, 4, 9])
      await writeRecord(folder, record({ occurrence: at(hour), state: 'failed' }));
    await writeMissed(folder, { formatVersion: 1, from: at(5), to: at(6), count: 2, at: NIGHT });
    // Begun ahead of its occurrence: it is nobody's run.
    await commit(folder, '20261119T000000Z-aaaa', at(8));
    // Damaged: nothing is known of it, and it does not count as one of the list.
    await writeFile(join(occurrencesFolder(folder), '20261120T230000Z.json'), '{');
    const all = await listOccurrences(folder, CLOCK);
    expect(all.map(({ occurrence }) => occurrence)).toEqual([9, 7, 6, 4, 2, 1].map(at));
    for (let limit = 1; limit <= all.length + 1; limit++) {
      expect(await listOccurrences(folder, CLOCK, { limit })).toEqual(all.slice(0, limit));
      const failed = all.filter(({ status }) => status === 'failed').slice(0, limit);
      expect(await listOccurrences(folder, CLOCK, { limit, statuses: ['failed'] })).toEqual(failed);
    }
  });
});
