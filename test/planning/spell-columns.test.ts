import { expect, it } from 'vitest';
import { bindJob } from '../../src/config/bind-job.ts';
import { adHocJob } from '../../src/config/override-job.ts';
import { spellColumns } from '../../src/planning/spell-columns.ts';

const COLUMNS = ['Store', 'product', 'DATE', 'price'].map((name) => ({ name }));

it('spells the columns of a job as the table does, and leaves others alone', () => {
  const written = adHocJob({
    model: 'm.onnx',
    inputs: ['in.csv'],
    key: ['STORE', 'Product'],
    field: ['date'],
    features: ['PRICE', 'pric'],
    outputColumns: ['Price', 'store', 'weight'],
  });
  const spec = spellColumns(bindJob(written, { occurrence: null, now: new Date() }), COLUMNS);
  expect(spec.kv?.key).toMatchObject({ text: '{Store}:{product}', columns: ['Store', 'product'] });
  expect(spec.kv?.field?.columns).toEqual(['DATE']);
  expect(spec.features.columns).toEqual(['price', 'pric']);
  expect(spec.output.columns).toEqual(['price', 'Store', 'weight']);
});

it('spells the columns of each model input', () => {
  const written = adHocJob({ model: 'm.onnx', inputs: ['in.csv'] });
  const job = { ...written, features: { ...written.features, columns: { Price: ['PRICE', 'store'] } } };
  const spec = spellColumns(bindJob(job, { occurrence: null, now: new Date() }), COLUMNS);
  expect(spec.features.columns).toEqual({ Price: ['price', 'Store'] });
});
