import { beforeAll, describe, expect, it } from 'vitest';
import type { Comparison } from '../../../src/compare/comparison.ts';
import { makeProject, type Project } from '../../support/project.ts';

const JOB = `name: sales
input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
kv: {key: "{store}:{product}", field: "{date}"}
`;
const DEARER = `${JOB.replace('name: sales', 'name: dearer')}features:
  select: SELECT * REPLACE (price * 1.5 AS price) FROM input
`;

describe('compare', () => {
  let project: Project;
  let published: string;
  let candidate: string;
  beforeAll(async () => {
    project = await makeProject({ jobs: { sales: JOB, dearer: DEARER } });
    published = (await project.run(['sales'])).runId;
    candidate = (await project.run(['sales', '--no-publish'])).runId;
    await project.run(['dearer']);
  });

  it('a candidate with what readers see', async () => {
    const args = ['compare', 'published', candidate, '--max-share', '0'];
    const { code, stdout } = await project.serveBatch(args);
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(`Run ${candidate} of sales (sales-by-column.onnx), compared with ${published}`),
    ]);
    expect(stdout).toContain('7,000 in both, by store, product, date');
  });

  it('two jobs, by segment; it exits with 5 where more differs than may', async () => {
    const args = ['compare', 'sales', 'dearer', '--by', 'store', '--max-change', '1%', '--max-share', '0.1%'];
    const { code, stdout, stderr } = await project.serveBatch(args);
    expect(code).toBe(5);
    expect(stderr).toMatch(/of 7,000 keys \([\d.]+%\) changed by more than 1%.*expected at most 0.1%/);
    expect(stdout).toMatch(/BIGGEST CHANGES +BEFORE +AFTER +DIFFERENCE\nstore=\d+ product=\d+ date=2026/);
    expect(stdout).toContain('store=10 ');
    const json = await project.serveBatch([...args, '--json']);
    const comparison = JSON.parse(json.stdout) as Comparison;
    expect([json.code, comparison.limit.isMet, comparison.columns[0]?.segments.length]).toEqual([
      5,
      false,
      10,
    ]);
    expect((await project.serveBatch(['compare', 'sales', 'dearer', '--max-change', '100%'])).code).toBe(0);
  });

  it('draws the differences in the report of a run', async () => {
    const { code, stdout } = await project.serveBatch(['report', 'dearer', '--against', 'sales', '-o', '-']);
    expect(code).toBe(0);
    expect(stdout).toContain('<h2>Key by key: sales</h2>');
    expect(stdout).toContain('Differences of sales');
    expect(stdout).toContain(`Compared with run <code>${published}</code> of sales`);
    const itself = await project.serveBatch(['report', 'sales', '--against', 'published', '-o', '-']);
    expect([itself.code, itself.stderr]).toEqual([
      2,
      expect.stringContaining('cannot be compared with itself'),
    ]);
  });

  it.each([
    ['one run twice', ['sales', 'published'], 2, 'Both runs are'],
    ['names without a job', ['previous', 'published'], 2, 'of which job? Name it with --job'],
    ['no previous run', ['previous', 'published', '--job', 'dearer'], 4, 'there is no "previous" run'],
    ['a share that is none', ['sales', 'dearer', '--max-share', '7'], 2, 'Expected a share from 0 to 1'],
  ])('says what is wrong with %s', async (_, args, code, message) => {
    const result = await project.serveBatch(['compare', ...args]);
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(message)]);
  });
});
