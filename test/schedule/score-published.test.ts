import { describe, expect, it } from 'vitest';
import { ServeBatchError, serializeError } from '../../src/core/errors.ts';
import type { ScheduleEffects } from '../../src/schedule/schedule-effects.ts';
import { scorePublished } from '../../src/schedule/score-published.ts';
import type { ScoredRun } from '../../src/tasks/score-runs.ts';
import { sampleAccuracy } from '../accuracy/sample-accuracy.ts';

function effectsWith(scoreDue: () => Promise<readonly ScoredRun[]>) {
  const lines: string[] = [];
  const say = (level: string) => (message: string) => void lines.push(`${level}: ${message}`);
  const log = { debug: say('debug'), info: say('info'), warn: say('warn'), error: say('error') };
  const drain = new AbortController().signal;
  const effects: Pick<ScheduleEffects, 'scores' | 'log' | 'drain'> = { scores: { scoreDue }, log, drain };
  return { effects, lines };
}

const JOB = { spec: { name: 'week' } } as Parameters<typeof scorePublished>[0];
const failure = new ServeBatchError('SCHEMA_MISMATCH', 'no such column');

describe('scorePublished', () => {
  it('says what is new, and nothing where nothing is', async () => {
    const record = sampleAccuracy('sales');
    const { effects, lines } = effectsWith(async () => [
      { runId: 'a', kind: 'scored', record },
      { runId: 'b', kind: 'unchanged', record },
      { runId: 'c', kind: 'no actuals' },
      { runId: 'd', kind: 'failed', error: serializeError(failure) },
    ]);
    await scorePublished(JOB, effects);
    expect(lines).toEqual([
      'info: 1 run compared with what came true',
      'warn: run d cannot be compared with what came true: no such column',
    ]);
    const quiet = effectsWith(async () => []);
    await scorePublished(JOB, quiet.effects);
    expect(quiet.lines).toEqual([]);
  });

  it('never throws: it says why nothing was compared', async () => {
    const { effects, lines } = effectsWith(async () => Promise.reject(failure));
    await scorePublished(JOB, effects);
    expect(lines).toEqual(['warn: the runs cannot be compared with what came true: no such column']);
  });
});
