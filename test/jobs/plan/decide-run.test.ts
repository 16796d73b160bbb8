import { expect, it } from 'vitest';
import { decideRun, type RunDecision, type RunFacts } from '../../../src/jobs/plan/decide-run.ts';
import type { RunStatus } from '../../../src/runs/list/run-status.ts';
import type { RunSummary } from '../../../src/runs/list/run-summary.ts';
import { samplePlan, sampleRecord } from '../../runs/sample-run.ts';

function run(status: RunStatus, changes: Partial<RunSummary> = {}): RunSummary {
  const { runId, job, createdAt, identity, device, engine } = samplePlan();
  const plan = {
    ...{ createdAt, identity, device, engine },
    ...{ rows: 10, modelPath: 'm', batchSize: 4, incremental: null },
  };
  const record = sampleRecord(samplePlan());
  const about = {
    runId,
    job,
    status,
    createdAt,
    occurrence: null,
    publishedAt: undefined,
    isCandidate: status === 'candidate',
    canaryShare: null,
    failure: undefined,
  };
  return { ...about, plan, record, ...changes };
}

const FACTS = { isShown: true, mayPublish: true, resume: true, oncePerOccurrence: false };
const damaged = { record: undefined };
const unplanned = { plan: undefined, record: undefined };

const CASES: readonly (readonly [
  what: string,
  earlier: RunSummary | undefined,
  facts: Partial<RunFacts>,
  expected: string,
])[] = [
  ['no earlier run', undefined, {}, 'new'],
  ['published and shown', run('published'), {}, 'nothing: done'],
  ['a candidate', run('candidate'), {}, 'nothing: done'],
  ['a candidate that was only begun', run('interrupted', { isCandidate: true }), {}, 'resume'],
  ['published, and the store was emptied', run('published'), { isShown: false }, 'publish'],
  [
    'published and shown, though a newer one is looked for',
    run('published'),
    { mayPublish: false },
    'nothing: done',
  ],
  [
    'published, the store was emptied, and a newer occurrence is to be seen',
    run('published'),
    { isShown: false, mayPublish: false },
    'nothing: overtaken',
  ],
  ['rolled back', run('rolled back'), {}, 'nothing: rolled back'],
  ['rolled back, and overtaken', run('rolled back'), { mayPublish: false }, 'nothing: rolled back'],
  ['committed', run('committed'), {}, 'publish'],
  ['committed, and overtaken', run('committed'), { mayPublish: false }, 'nothing: overtaken'],
  ['committed, with a damaged manifest', run('committed', damaged), {}, 'resume'],
  ['committed, with a damaged manifest and no resume', run('committed', damaged), { resume: false }, 'new'],
  ['superseded', run('superseded'), {}, 'publish'],
  ['superseded, and overtaken', run('superseded'), { mayPublish: false }, 'nothing: overtaken'],
  [
    'superseded, and the occurrence is settled',
    run('superseded'),
    { oncePerOccurrence: true },
    'nothing: done',
  ],
  ['committed, and the occurrence is settled', run('committed'), { oncePerOccurrence: true }, 'publish'],
  ['interrupted', run('interrupted', damaged), {}, 'resume'],
  ['failed', run('failed'), {}, 'resume'],
  ['killed while this process waited for the lock', run('running', damaged), {}, 'resume'],
  ['interrupted, and to be committed only', run('interrupted', damaged), { mayPublish: false }, 'resume'],
  ['interrupted, with --no-resume', run('interrupted', damaged), { resume: false }, 'new'],
  ['killed before its plan was written', run('interrupted', unplanned), {}, 'new'],
];

it.each(CASES)('%s', (_, earlier, facts, expected) => {
  const decision = decideRun({ ...FACTS, earlier, ...facts });
  expect(textOf(decision)).toBe(expected);
  if (decision.kind !== 'new') expect(decision.run).toBe(earlier);
});

function textOf(decision: RunDecision): string {
  return decision.kind === 'nothing' ? `nothing: ${decision.why}` : decision.kind;
}
