import { expect, it } from 'vitest';
import { bindJob } from '../../../src/config/bind-job.ts';
import type { BoundJob } from '../../../src/config/job-spec.ts';
import { adHocJob } from '../../../src/config/override-job.ts';
import { usesTls } from '../../../src/jobs/plan/uses-tls.ts';

const job = (input: string, model = 'm.onnx'): BoundJob =>
  bindJob(adHocJob({ model, inputs: [input] }), { occurrence: null, now: new Date(0) });

it.each([
  ['a job of files without a store', job('a.parquet'), null, false],
  ['LMDB', job('a.parquet'), 'lmdb:/out/kv', false],
  ['a Redis of the same network', job('a.parquet'), 'redis://:secret@cache:6379', false],
  ['a Redis with TLS', job('a.parquet'), 'rediss://cache:6380', true],
  ['a store of another kind', job('a.parquet'), 'other:table', true],
  ['an input in a bucket', job('S3://bucket/a.parquet'), null, true],
  ['a model in a bucket', job('a.parquet', 'gs://bucket/m.onnx'), null, true],
  ['SQL that names an address', withSelect("SELECT 'https://a.b' AS x FROM input"), null, true],
])('%s: %#', (_, spec, storeUrl, expected) => {
  expect(usesTls(spec, storeUrl)).toBe(expected);
});

function withSelect(select: string): BoundJob {
  const spec = job('a.parquet');
  return { ...spec, features: { ...spec.features, select } };
}
