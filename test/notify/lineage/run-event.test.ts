import { describe, expect, it } from 'vitest';
import { ServeBatchError } from '../../../src/core/errors.ts';
import type { ReportedEnd } from '../../../src/jobs/run-reporter.ts';
import { runEvent } from '../../../src/notify/lineage/run-event.ts';
import { runUuid } from '../../../src/notify/lineage/run-uuid.ts';
import { samplePlan, sampleRecord } from '../../runs/sample-run.ts';
import { complaintsOf } from './event-schema.ts';

const PLAN = samplePlan({ workingFolder: '/home/forecasts' });
const OCCURRENCE = '2026-11-21T00:00:00.000Z';

function eventOf(end: ReportedEnd | null, plan = PLAN) {
  const event = runEvent({
    ...{ plan, end, namespace: 'forecasts', folderOfJob: '/home/forecasts/out/sales' },
    job: { description: 'Weekly sales' },
    now: new Date('2026-11-21T00:01:02.003Z'),
  });
  if (event !== null) expect(complaintsOf(JSON.parse(JSON.stringify(event)))).toEqual([]);
  return event;
}

const ranWith = (plan = PLAN, changes = {}): ReportedEnd => ({
  result: {
    outcome: 'computed',
    record: { ...sampleRecord(plan, { status: 'published' }), ...changes },
    overtakenBy: null,
    publishError: null,
  },
});

describe('events of OpenLineage', () => {
  it('say what a run reads and writes', () => {
    const start = eventOf(null);
    expect(start).toMatchObject({
      eventType: 'START',
      eventTime: '2026-11-21T00:01:02.003Z',
      job: {
        namespace: 'forecasts',
        name: 'sales',
        facets: { documentation: { description: 'Weekly sales' }, sql: { query: PLAN.features.select?.sql } },
      },
      inputs: [
        {
          namespace: 'file',
          name: '/home/forecasts/sales.csv',
          facets: { schema: { fields: [{ name: 'price', type: 'DOUBLE' }] } },
          inputFacets: { inputStatistics: { rowCount: 10, size: 100, fileCount: 1 } },
        },
        { namespace: 'file', name: '/home/forecasts/stores.csv' },
        { namespace: 'file', facets: { version: { datasetVersion: PLAN.model.sha256 } } },
      ],
    });
    const [parts] = start?.outputs ?? [];
    expect(parts).toMatchObject({ namespace: 'file', name: '/home/forecasts/out/sales' });
    expect(parts).not.toHaveProperty('outputFacets');
  });

  it('the end has the figures of the run record, and the store that was published', () => {
    const record = sampleRecord(PLAN, { status: 'published' });
    const kv = { url: 'redis://cache:6379/2', generation: PLAN.runId, keys: 2, values: 8, bytes: 99 };
    const event = eventOf(ranWith(PLAN, { kv }));
    expect(event).toMatchObject({
      eventType: 'COMPLETE',
      run: {
        facets: { serveBatch_run: { rowsIn: record.rowsIn, rowsOut: record.rowsOut, status: 'published' } },
      },
      outputs: [
        {
          outputFacets: {
            outputStatistics: {
              rowCount: record.rowsOut,
              size: record.output.bytes,
              fileCount: record.output.parts.length,
            },
          },
        },
        {
          namespace: 'redis://cache:6379',
          name: 'sales',
          facets: { version: { datasetVersion: PLAN.runId } },
          outputFacets: { outputStatistics: { rowCount: 8, size: 99 } },
        },
      ],
    });
    // Readers do not see it yet.
    expect(eventOf(ranWith(PLAN, { kv, status: 'committed' }))?.outputs).toHaveLength(1);
  });

  it('an occurrence is the nominal time', () => {
    const plan = samplePlan({ identity: { ...PLAN.identity, occurrence: OCCURRENCE } });
    expect(eventOf(null, plan)?.run.facets.nominalTime).toMatchObject({ nominalStartTime: OCCURRENCE });
    expect(eventOf(null)?.run.facets).not.toHaveProperty('nominalTime');
  });

  it.each([
    ['FAIL', new ServeBatchError('MODEL_FAILED', 'The model failed.')],
    ['FAIL', new Error('unexpected')],
    ['ABORT', new ServeBatchError('SIGTERM', 'Ended by SIGTERM.')],
  ])('%s for %s', (eventType, error) => {
    expect(eventOf({ result: null, error })).toMatchObject({
      eventType,
      run: { facets: { errorMessage: { message: error.message } } },
    });
  });

  it('another process that goes on with the run tells of its end', () => {
    expect(eventOf({ result: null, error: new ServeBatchError('FENCED', 'Taken over.') })).toBeNull();
  });

  it.each([
    ['data/2026-*/*.parquet', 'file', '/home/forecasts/data'],
    ['/data/{a,b}.csv', 'file', '/data'],
    ['s3://user:secret@bucket/sales/2026.csv', 's3://bucket', 'sales/2026.csv'],
    ['s3://bucket/sales/*.csv', 's3://bucket', 'sales'],
    ['https://example.org/a.csv?token=x', 'https://example.org', 'a.csv'],
  ])('the input %s is %s %s', (path, namespace, name) => {
    const event = eventOf(null, { ...PLAN, input: { ...PLAN.input, paths: [path] } });
    expect(event?.inputs[0]).toMatchObject({ namespace, name });
    expect(JSON.stringify(event)).not.toContain('secret');
  });
});

describe('the UUID of a run', () => {
  it('is the same each time, and another for another run, job or namespace', () => {
    const uuid = runUuid('a', 'sales', 'r1');
    expect(uuid).toBe('fd7109fb-5f43-537f-9bea-30669e0b4956');
    const others = [runUuid('b', 'sales', 'r1'), runUuid('a', 'other', 'r1'), runUuid('a', 'sales', 'r2')];
    expect(new Set([uuid, ...others]).size).toBe(4);
  });
});
