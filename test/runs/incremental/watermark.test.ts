import { describe, expect, it } from 'vitest';
import { ONNX_RUNTIME } from '../../../src/core/engine.ts';
import type { ColumnWindow } from '../../../src/core/incremental.ts';
import { CPU } from '../../../src/core/machine/device.ts';
import { lastTakenRun } from '../../../src/runs/incremental/watermark.ts';
import type { RunStatus } from '../../../src/runs/list/run-status.ts';
import type { RunSummary } from '../../../src/runs/list/run-summary.ts';
import { samplePlan, sampleRecord } from '../sample-run.ts';

function windowOf(sequence: number): ColumnWindow {
  return {
    ...{ kind: 'column', sequence, after: null, full: false, column: 'id', columnType: 'BIGINT' },
    ...{ from: null, to: String(sequence), rowsAtTo: 1 },
  };
}

function run(runId: string, status: RunStatus, sequence: number | null): RunSummary {
  const incremental = sequence === null ? null : windowOf(sequence);
  const { createdAt, identity, batchSize } = samplePlan();
  const plan = {
    createdAt,
    identity,
    batchSize,
    device: CPU,
    engine: ONNX_RUNTIME,
    rows: 1,
    modelPath: 'm.onnx',
    incremental,
  };
  return {
    ...{ runId, job: 'incoming', status, occurrence: null, createdAt, plan },
    ...{
      isCandidate: false,
      canaryShare: null,
      publishedAt: undefined,
      record: undefined,
      failure: undefined,
    },
  };
}

describe('the run that has the watermark', () => {
  it('is none before the first, and none among runs that took the whole input', () => {
    expect(lastTakenRun([])).toBeNull();
    expect(lastTakenRun([run('b', 'published', null), run('a', 'superseded', null)])).toBeNull();
  });

  it.each<RunStatus>(['committed', 'published', 'superseded', 'rolled back'])('may be %s', (status) => {
    expect(lastTakenRun([run('b', status, 2), run('a', 'superseded', 1)])?.summary.runId).toBe('b');
  });

  it.each<RunStatus>(['failed', 'running', 'interrupted'])('is not one that is %s', (status) => {
    expect(lastTakenRun([run('b', status, 2), run('a', 'published', 1)])?.summary.runId).toBe('a');
  });

  it('is the last of the chain, whatever the clock said when the runs were made', () => {
    const runs = [run('late', 'published', 1), run('early', 'superseded', 3), run('mid', 'superseded', 2)];
    expect(lastTakenRun(runs)).toMatchObject({ summary: { runId: 'early' }, incremental: { to: '3' } });
  });

  it('is told by its manifest where the plan is damaged', () => {
    const record = { ...sampleRecord(samplePlan()), incremental: windowOf(7) };
    const damaged = { ...run('b', 'published', 1), plan: undefined, record };
    expect(lastTakenRun([damaged])?.incremental).toEqual(windowOf(7));
  });

  it('cannot be told where a committed run does not say what it took', () => {
    const damaged = { ...run('b', 'superseded', 1), plan: undefined };
    expect(() => lastTakenRun([run('c', 'published', 2), damaged])).toThrow(
      /plan\.json nor run\.json of the run b/,
    );
  });
});
