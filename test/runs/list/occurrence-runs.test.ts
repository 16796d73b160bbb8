import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { runPaths } from '../../../src/runs/layout.ts';
import {
  findCommittedRun,
  newerPublished,
  runsOfOccurrences,
} from '../../../src/runs/list/occurrence-runs.ts';
import { writePlan } from '../../../src/runs/plan/plan-file.ts';
import { setCurrent } from '../../../src/runs/publication.ts';
import { writeManifest } from '../../../src/runs/record/run-record.ts';
import { temporaryFolder } from '../../support/project.ts';
import { samplePlan, sampleRecord } from '../sample-run.ts';

const OCCURRENCE = '2026-11-28T00:00:00.000Z';
let job: string;

async function writeRun(runId: string, occurrence: string | null, isCommitted = true): Promise<void> {
  const { identity } = samplePlan();
  const plan = samplePlan({ runId, identity: { ...identity, occurrence } });
  await writePlan(runPaths(job, runId), plan);
  if (isCommitted) await writeManifest(runPaths(job, runId), sampleRecord(plan));
}

beforeAll(async () => {
  job = join(await temporaryFolder(), 'weekly');
  await writeRun('20261121T150000Z-aaaa', OCCURRENCE);
  await writeRun('20261128T000000Z-bbbb', null);
  await writeRun('20261128T000000Z-cccc', OCCURRENCE, false);
});

it('a run that was begun ahead of its occurrence, or is not committed, does not count for it', async () => {
  expect(await findCommittedRun(job, OCCURRENCE)).toBeUndefined();
  expect((await runsOfOccurrences(job)).map(({ runId }) => runId)).toEqual(['20261128T000000Z-cccc']);
});

it('one that was begun at its very second, or later, does', async () => {
  await writeRun('20261128T000000Z-dddd', OCCURRENCE);
  expect((await findCommittedRun(job, OCCURRENCE))?.runId).toBe('20261128T000000Z-dddd');
});

it('an occurrence of the future that is published is not newer than one that is due', async () => {
  await setCurrent(job, '20261121T150000Z-aaaa');
  const at = (instant: string) => ({ now: () => new Date(instant), monotonicMs: () => 0 });
  expect(await newerPublished(job, '2026-11-21T00:00:00.000Z', at('2026-11-22T00:00:00Z'))).toBe(null);
  expect(await newerPublished(job, '2026-11-21T00:00:00.000Z', at('2026-11-29T00:00:00Z'))).toBe(OCCURRENCE);
});
