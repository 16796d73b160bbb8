import { describe, expect, it } from 'vitest';
import { type Alert, alertOfResult } from '../../src/jobs/alert.ts';
import type { RunRecord } from '../../src/runs/record/run-record.ts';
import { samplePlan, sampleRecord, sampleWindow } from '../runs/sample-run.ts';

function alertOf(lateRows: number, rejects: number): Alert | null {
  const record: RunRecord = {
    ...sampleRecord(samplePlan()),
    ...{ status: 'published' as const, rejects, rowsIn: 10, incremental: sampleWindow(lateRows) },
  };
  return alertOfResult(
    { name: 'job', occurrence: null },
    { outcome: 'computed', record, publishError: null, overtakenBy: null },
  );
}

describe('the alert about a run that was published', () => {
  const LATE = '3 rows with id up to 20 came after the run before, and no run takes them.';
  const REJECTED = 'without 2 of 10 rows, which were rejected. See its rejects/.';

  it('tells of rows that came late, of rejects, and of both', () => {
    expect(alertOf(3, 0)).toMatchObject({ event: 'partial' });
    expect(alertOf(3, 0)?.message).toMatch(new RegExp(`is published without rows that came late: ${LATE}$`));
    expect(alertOf(0, 2)?.message).toMatch(new RegExp(`is published ${REJECTED}$`));
    expect(alertOf(3, 2)?.message).toMatch(new RegExp(`is published ${REJECTED} ${LATE}$`));
  });

  it('is none where no row is missing', () => {
    expect(alertOf(0, 0)).toBeNull();
  });
});
