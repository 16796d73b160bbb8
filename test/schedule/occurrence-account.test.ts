import { describe, expect, it } from 'vitest';
import { ServeBatchError } from '../../src/core/errors.ts';
import {
  newRecord,
  type OccurrenceRecord,
  readRecord,
  writeRecord,
} from '../../src/runs/occurrence/occurrence-record.ts';
import { AlreadySettled, OccurrenceAccount } from '../../src/schedule/occurrence-account.ts';
import { fixedClock } from '../runs/sample-run.ts';
import { quickFolder } from './simulation.ts';

const OCCURRENCE = new Date('2026-11-21T00:00:00Z');
const clock = fixedClock('2026-11-21T00:00:30Z');
const FAILURE = new ServeBatchError('INPUT_NOT_FOUND', 'not there');

async function accountAfter(known: Partial<OccurrenceRecord> | null, anew = false) {
  const folderOfJob = await quickFolder();
  if (known !== null) await writeRecord(folderOfJob, { ...newRecord(OCCURRENCE, clock.now()), ...known });
  const schedule = { retries: 2, backoffSeconds: 60 };
  const runsUnready = () => false;
  const request = { folderOfJob, occurrence: OCCURRENCE, schedule, clock, anew, runsUnready };
  const account = new OccurrenceAccount(request);
  return { account, read: () => readRecord(folderOfJob, OCCURRENCE) };
}

describe('the account of an occurrence, once the lock is held', () => {
  it.each<Partial<OccurrenceRecord>>([
    { state: 'done' },
    { state: 'failed', attempts: 3 },
    { state: 'skipped' },
    { state: 'missed' },
    { state: 'waiting', attempts: 1, nextAttemptAt: '2026-11-21T00:01:00.000Z' },
  ])('leaves what another process settled since the look: %j', async (known) => {
    const { account, read } = await accountAfter(known);
    await expect(account.begins(null)).rejects.toThrow(AlreadySettled);
    expect(await read()).toMatchObject(known);
  });

  it.each<Partial<OccurrenceRecord> | null>([
    null,
    { state: 'waiting' },
    { state: 'running' },
    { state: 'waiting', attempts: 1, nextAttemptAt: '2026-11-21T00:00:30.000Z' },
    { state: 'waiting', attempts: 1, nextAttemptAt: '2030-01-01T00:00:00.000Z' },
  ])('goes on with %j', async (known) => {
    const { account, read } = await accountAfter(known);
    await account.begins(null);
    expect(await read()).toMatchObject({
      state: 'running',
      attempts: known?.attempts ?? 0,
      nextAttemptAt: null,
    });
  });

  it('runs anew what had failed, where somebody asks for it', async () => {
    const { account, read } = await accountAfter({ state: 'failed', attempts: 3 }, true);
    await account.begins(null);
    expect(await read()).toMatchObject({ state: 'running', attempts: 0 });
  });

  it.each(['SIGTERM', 'SIGINT', 'FENCED'] as const)('%s is no failure: it stays as running', async (code) => {
    const { account, read } = await accountAfter(null);
    await account.begins(null);
    await account.ends({ result: null, error: new ServeBatchError(code, 'ended') });
    expect(await read()).toMatchObject({ state: 'running', attempts: 0, error: null });
  });

  it.each([
    [0, 'waiting', '2026-11-21T00:01:30.000Z'],
    [1, 'waiting', '2026-11-21T00:02:30.000Z'],
    [2, 'failed', null],
  ] as const)('after %i failures another one makes it %s', async (attempts, state, nextAttemptAt) => {
    const { account, read } = await accountAfter({ state: 'waiting', attempts });
    await account.begins(null);
    await account.ends({ result: null, error: FAILURE });
    expect(await read()).toMatchObject({
      state,
      attempts: attempts + 1,
      nextAttemptAt,
      error: { code: 'INPUT_NOT_FOUND', message: 'not there', exitCode: 3 },
    });
  });
});
