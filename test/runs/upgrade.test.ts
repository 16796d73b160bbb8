import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { planSchema } from '../../src/runs/plan/plan-schema.ts';
import { runRecordSchema } from '../../src/runs/record/run-record-schema.ts';
import { samplePlan, sampleRecord } from './sample-run.ts';

const earlier = async (name: string): Promise<object> =>
  JSON.parse(await readFile(new URL(`./earlier/${name}`, import.meta.url), 'utf8'));

describe('files of an earlier version', () => {
  it('a plan is read, with what it meant by what it does not say', async () => {
    const plan = planSchema.parse(await earlier('plan.json'));
    expect(plan).toMatchObject({ formatVersion: 1, job: 'sales', engine: { name: 'onnxruntime' } });
    expect(plan.model.warnings).toEqual([]);
    expect(plan.input).toMatchObject({ grid: null, written: [], badCells: [], places: null });
  });

  it('a record is read', async () => {
    const written = await earlier('run.json');
    expect(runRecordSchema.parse(written)).toMatchObject(written);
  });

  it('the first ones knew no occurrences, devices, layouts and increments', () => {
    const plan = samplePlan();
    const { inputFingerprint, modelSha256, specSha256 } = plan.identity;
    const identity = { inputFingerprint, modelSha256, specSha256 };
    const old = { ...plan, identity, kv: { ...plan.kv, layout: undefined } };
    const { device: _, engine: __, incremental: ___, ...first } = old;
    expect(planSchema.parse(JSON.parse(JSON.stringify(first)))).toEqual(plan);
    const { firstRowSeconds: ____, ...record } = sampleRecord(plan);
    expect(runRecordSchema.parse({ ...record, identity })).toEqual({
      ...sampleRecord(plan),
      firstRowSeconds: null,
    });
  });
});

it.each([null, [], 7, 'text', {}])('%j is no plan and no record', (data) => {
  expect(planSchema.safeParse(data).success).toBe(false);
  expect(runRecordSchema.safeParse(data).success).toBe(false);
});
