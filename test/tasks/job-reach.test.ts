import { describe, expect, it } from 'vitest';
import { covers, reachOfPlan } from '../../src/tasks/job-reach.ts';
import { samplePlan } from '../runs/sample-run.ts';

describe('what the SQL of a job may reach', () => {
  const plan = samplePlan();
  const paths = { folder: '/out/sales/runs/r1' };

  it('is the files that the plan names and the folder of the run', () => {
    const reach = reachOfPlan(plan, paths);
    expect(reach?.folders).toEqual([paths.folder]);
    for (const { path } of [...plan.input.sources, ...plan.input.files]) expect(reach?.files).toContain(path);
    for (const { sources } of plan.features.select?.tables ?? [])
      for (const { path } of sources) expect(reach?.files).toContain(path);
  });

  it('is everything where the job file says so', () => {
    expect(reachOfPlan({ ...plan, features: { ...plan.features, externalAccess: true } }, paths)).toBeNull();
  });
});

it.each([
  ['the same', ['/run'], ['/a'], true],
  ['a staged copy in the folder of the run', ['/run'], ['/run/staged.parquet'], true],
  ['another file', ['/run'], ['/b'], false],
  ['a file beside the folder', ['/run'], ['/run-2/a'], false],
  ['another folder', ['/run-2'], [], false],
])('a database is used again for %s: %s', (_, folders, files, expected) => {
  expect(covers({ folders: ['/run'], files: ['/a'] }, { folders, files })).toBe(expected);
});

it('a database without bounds is never used for a job with them, nor the other way round', () => {
  const reach = { folders: ['/run'], files: [] };
  expect([covers(null, null), covers(null, reach), covers(reach, null)]).toEqual([true, false, false]);
});
