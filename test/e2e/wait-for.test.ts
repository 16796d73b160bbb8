import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { makeProject } from '../support/project.ts';

const MINUTE = 60_000;

it('an occurrence waits for a file and a table, says so, and keeps what it found', async () => {
  const at = new Date(Math.floor(Date.now() / MINUTE - 1) * MINUTE);
  const project = await makeProject({
    jobs: {
      weekly: `input: data/sales.parquet
model: fixtures/sales-by-column.onnx
schedule:
  cron: "${at.getUTCMinutes()} ${at.getUTCHours()} * * *"
  deadline: 4h
  checkEvery: 1s
  waitFor:
    - file: data/_SUCCESS
    - {table: input, column: store, distinct: 10, rows: 7000}
`,
    },
  });
  const call = (...args: readonly string[]) => project.serveBatch(args);
  await project.write('data/other', '');
  const first = await call('tick');
  expect([first.code, first.stderr]).toEqual([
    0,
    expect.stringContaining('waits for file data/_SUCCESS (not there)'),
  ]);
  expect((await call('runs', 'occurrences')).stdout).toContain('lacks file data/_SUCCESS (not there)');
  await writeFile(project.path('data/_SUCCESS'), '');
  await copyFile(project.path('fixtures/sales.parquet'), project.path('data/sales.parquet'));
  const plan = await call('run', 'weekly', '--dry-run');
  expect(plan.stdout).toContain('All that the job waits for is there:');
  expect(plan.stdout).toContain('there   7,000 rows in input (7000)');
  const ready = async (): Promise<string> => (await call('tick')).stderr;
  await expect.poll(ready, { timeout: 60_000 }).toContain('published');
  const [runId = ''] = await project.runs('weekly');
  const shown = (await call('runs', 'show', runId)).stdout;
  expect(shown).toMatch(/waited for +file data\/_SUCCESS \(changed at /);
  expect(shown).toMatch(/waited for +7,000 rows in input \(7000\)/);
  expect(shown).not.toContain('not ready');
});

it('run does not wait, says what is missing, and marks the run', async () => {
  const project = await makeProject({
    jobs: {
      weekly: `input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
schedule: {cron: "0 0 1 1 *", deadline: 4h, waitFor: [{file: data/_SUCCESS}]}
`,
    },
  });
  const { code, stderr, stdout } = await project.serveBatch(['run', 'weekly']);
  expect(code).toBe(0);
  expect(stderr).toContain('the run lacks file data/_SUCCESS (not there); it runs, since you asked for it');
  expect(stdout).toMatch(/not ready +it ran without file data\/_SUCCESS/);
  expect((await project.serveBatch(['report', 'weekly', '-o', 'report.html'])).code).toBe(0);
  const page = await readFile(project.path('report.html'), 'utf8');
  expect(page).toContain('The run began without file data/_SUCCESS (not there).');
});

it('run and backfill do not wait for other jobs, name those that have not published, and mark the run', async () => {
  const job = (schedule: string) =>
    `input: fixtures/sales.parquet\nmodel: fixtures/sales-by-column.onnx\nschedule: {cron: "0 0 * * *"${schedule}}\n`;
  const project = await makeProject({
    jobs: { weekly: job(', deadline: 4h, after: [prices, gone]'), prices: job('') },
  });
  const { serveBatch } = project;
  const missing =
    'the run lacks prices of 2026-11-02T00:00:00.000Z published (it has not run yet); gone of 2026-11-02T00:00:00.000Z published (its job file is missing or cannot be used); it runs, since you asked for it';
  const dry = await serveBatch(['run', 'weekly', '--occurrence', '2026-11-02', '--dry-run']);
  expect(dry.stdout).toContain('prices of 2026-11-02T00:00:00.000Z published');
  const byHand = await serveBatch(['run', 'weekly', '--occurrence', '2026-11-02']);
  expect([byHand.code, byHand.stderr]).toEqual([0, expect.stringContaining(missing)]);
  expect(byHand.stdout).toMatch(/not ready +it ran without prices of 2026-11-02/);
  const range = ['backfill', 'weekly', '--from', '2026-11-03', '--to', '2026-11-03'];
  const backfill = await serveBatch(range);
  expect([backfill.code, backfill.stderr]).toEqual([
    0,
    expect.stringContaining(missing.replaceAll('11-02', '11-03')),
  ]);
  expect((await serveBatch(['run', 'prices', '--occurrence', '2026-11-04'])).code).toBe(0);
  const ordered = await serveBatch(['run', 'weekly', '--occurrence', '2026-11-04']);
  expect(ordered.stderr).not.toContain('lacks prices');
  const none = await serveBatch(['run', 'weekly', '--force']);
  expect([none.code, none.stderr]).toEqual([0, expect.not.stringContaining('lacks')]);
});

it('jobs that wait for each other are told when they are loaded, and the others run', async () => {
  const job = (after: string) =>
    `input: fixtures/sales.parquet\nmodel: fixtures/sales-by-column.onnx\nschedule: {cron: "0 0 1 1 *", deadline: 4h${after}}\n`;
  const project = await makeProject({
    jobs: { a: job(', after: b'), b: job(', after: a'), c: job(''), d: job(', after: [e]'), e: 'input: [' },
  });
  const { code, stderr } = await project.serveBatch(['tick']);
  expect(code).toBe(2);
  expect(stderr).toContain(
    'schedule.after of "a" names "b", but the jobs wait for each other: a after b after a.',
  );
  expect(stderr).toContain(String.raw`schedule.after of \"d\" names \"e\", whose file cannot be used.`);
  expect((await project.serveBatch(['tick', 'c'])).code).toBe(0);
  expect((await project.serveBatch(['tick', 'a'])).stderr).toContain('wait for each other');
});
