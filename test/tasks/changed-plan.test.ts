import { readFile, rm, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { makeProject } from '../support/project.ts';

it('SQL of a plan that somebody changed does not reach files that the plan does not name', async () => {
  const project = await makeProject();
  await project.write('secret.txt', 'swordfish');
  const { runId } = await project.run([]);
  const path = project.path('out/sales/runs', runId, 'plan.json');
  const plan = JSON.parse(await readFile(path, 'utf8'));
  const { sql } = plan.features.select;
  const stolen = `(SELECT length(content) FROM read_text('${project.path('secret.txt')}'))`;
  plan.features.select.sql = `SELECT * REPLACE (${stolen} AS price) FROM (${sql})`;
  await writeFile(path, JSON.stringify(plan));
  // A shard that is committed is left as it is.
  await rm(project.path('out/sales/runs', runId, 'shards'), { recursive: true });
  const result = await project.serveBatch(['shard', '--plan', path, '--index', '0', '--kv', 'none']);
  expect(result.stderr).toContain('disabled by configuration');
  expect(result.code).not.toBe(0);
});
