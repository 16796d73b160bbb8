import { mkdir, writeFile } from 'node:fs/promises';
import { DEFAULT_SCHEDULE } from '../../../src/config/sections/schedule.ts';
import { DEFAULT_SERVING } from '../../../src/config/sections/serving.ts';
import type { Plan } from '../../../src/core/plan.ts';
import { parseKeyTemplates } from '../../../src/lookup/key-address.ts';
import type { PublishedView } from '../../../src/lookup/published-view.ts';
import { runPaths } from '../../../src/runs/layout.ts';
import { setCurrent } from '../../../src/runs/publication.ts';
import type { RecordedError } from '../../../src/runs/record/recorded-error.ts';
import type { JobFacts } from '../../../src/serving/page/facts/read-job.ts';
import type { RunFacts } from '../../../src/serving/page/facts/read-run.ts';
import { INFO } from '../../kv/store-contract.ts';
import { sampleSummary } from '../../report/sample-facts.ts';
import { samplePlan, sampleRecord } from '../../runs/sample-run.ts';

export const NOW = new Date('2026-11-28T12:00:00.000Z');

export function sampleView(text: string): PublishedView {
  const info = { ...INFO, runId: '20261121T000000Z-k3x9', model: text, values: [text] };
  return { generation: info.runId, info, templates: parseKeyTemplates(info), canary: null, beside: null };
}

function failureOf(message: string): RecordedError {
  return { code: 'INTERNAL', message, fields: {}, retryable: false, exitCode: 1 };
}

/** A job in which every text that comes from files or people is `text`. */
export function sampleJob(text: string, changes: Partial<JobFacts> = {}): JobFacts {
  return {
    source: {
      name: text,
      description: text,
      schedule: { ...DEFAULT_SCHEDULE, cron: '0 0 * * *' },
      serving: { ...DEFAULT_SERVING, maxAgeSeconds: 3600 },
    },
    state: { job: text, view: sampleView(text), age: { seconds: 7260, isStale: true }, failure: null },
    paused: { since: '2026-11-27T00:00:00.000Z', reason: text, by: text, alertAfterSeconds: 60 },
    next: null,
    last: {
      job: text,
      occurrence: '2026-11-28T00:00:00.000Z',
      firstOccurrence: '2026-11-28T00:00:00.000Z',
      count: 2,
      status: 'waiting',
      attempts: 0,
      runId: null,
      error: null,
      waitsFor: text,
      nextAttemptAt: null,
      at: null,
    },
    newest: sampleSummary({ status: 'failed', failure: failureOf(text) }),
    ...changes,
  };
}

export function sampleRun(text: string, changes: Partial<RunFacts> = {}): RunFacts {
  const plan = samplePlan();
  return {
    summary: sampleSummary({ job: text, status: 'running', failure: failureOf(text) }),
    plan: { ...plan, job: text, input: { ...plan.input, paths: [text] } },
    folder: text,
    shards: [],
    hasTooMany: false,
    progress: {
      isAtWork: true,
      value: 3,
      max: 10,
      text,
      lines: [{ time: '12:00:00', level: 'warn', message: text }],
    },
    ...changes,
  };
}

/** Writes a committed run into the folder of a job. */
export async function writeRun(
  folderOfJob: string,
  runId: string,
  changes: Partial<Plan> = {},
): Promise<void> {
  const paths = runPaths(folderOfJob, runId);
  const plan = samplePlan({ runId, ...changes });
  await mkdir(paths.folder, { recursive: true });
  await writeFile(paths.plan, JSON.stringify(plan));
  await writeFile(paths.manifest, JSON.stringify(sampleRecord(plan)));
  await setCurrent(folderOfJob, runId);
}
