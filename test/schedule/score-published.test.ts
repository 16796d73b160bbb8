import { describe, expect, it } from 'vitest';
import { ServeBatchError, serializeError } from '../../src/core/errors.ts';
import type { Alert } from '../../src/jobs/alert.ts';
import type { ScheduleEffects } from '../../src/schedule/schedule-effects.ts';
import { scorePublished } from '../../src/schedule/score-published.ts';
import type { ScoredRun } from '../../src/tasks/score-runs.ts';
import { sampleAccuracy } from '../accuracy/sample-accuracy.ts';
import { temporaryFolder } from '../support/project.ts';

async function world(scoreDue: () => Promise<readonly ScoredRun[]>, bad: string | null = null) {
  const lines: string[] = [];
  const alerts: Alert[] = [];
  const say = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  const effects: Pick<ScheduleEffects, 'scores' | 'announcer' | 'clock' | 'log' | 'drain'> = {
    scores: { scoreDue, degradation: async () => bad },
    announcer: { alert: async (_, alert) => void alerts.push(alert), success: async () => {} },
    clock: { now: () => new Date('2026-11-28T06:00:00Z'), monotonicMs: () => 0 },
    log: { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') },
    drain: new AbortController().signal,
  };
  const spec = { name: 'week', output: { path: await temporaryFolder(), kind: 'folder' } };
  const job = { spec } as Parameters<typeof scorePublished>[0];
  return { score: () => scorePublished(job, effects), lines, alerts };
}

const failure = new ServeBatchError('SCHEMA_MISMATCH', 'no such column');
const record = sampleAccuracy('sales');

describe('scorePublished', () => {
  it('says what is new, and nothing where nothing is', async () => {
    const { score, lines, alerts } = await world(async () => [
      { runId: 'a', kind: 'scored', record },
      { runId: 'b', kind: 'unchanged', record },
      { runId: 'c', kind: 'no actuals' },
      { runId: 'd', kind: 'failed', error: serializeError(failure) },
    ]);
    await score();
    expect(lines).toEqual([
      'info: 1 run compared with what came true',
      'warn: run d cannot be compared with what came true: no such column',
    ]);
    const quiet = await world(async () => []);
    await quiet.score();
    expect([quiet.lines, alerts]).toEqual([[], []]);
  });

  it('tells once for each run that forecasts have become bad', async () => {
    const scored = async (): Promise<readonly ScoredRun[]> => [
      { runId: record.runId, kind: 'scored', record },
    ];
    const { score, alerts } = await world(scored, 'WAPE 40%, at most 25%');
    await score();
    await score();
    expect(alerts).toEqual([
      {
        ...{ event: 'accuracy', job: 'week', occurrence: null, runId: record.runId, record: null },
        message: 'The forecasts of week are not as good as they should be: WAPE 40%, at most 25%.',
      },
    ]);
  });

  it('never throws: it says why nothing was compared', async () => {
    const { score, lines } = await world(async () => Promise.reject(failure));
    await score();
    expect(lines).toEqual(['warn: the runs cannot be compared with what came true: no such column']);
  });
});
