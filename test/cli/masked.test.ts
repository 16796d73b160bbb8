import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeProject } from '../support/project.ts';

const TOKEN = 'tk-9f8e7d6c';

it('what came from the environment is masked in the report, the plan that is shown, and errors', async () => {
  const project = await makeProject({
    jobs: {
      sales: `input: fixtures/sales.parquet
model: fixtures/sales-by-column.onnx
features:
  select: SELECT * REPLACE (CASE WHEN '\${API_TOKEN}' = '' THEN 0 ELSE price END AS price) FROM input
kv: {key: "{store}:{product}", field: "{date}"}
`,
    },
  });
  const env = { API_TOKEN: TOKEN };
  const { runId } = await project.run([], { env });
  expect((await project.serveBatch(['report', runId, '-o', 'page.html'], { env })).code).toBe(0);
  const page = await readFile(project.path('page.html'), 'utf8');
  expect(page).toContain('***');
  expect(page).not.toContain(TOKEN);
  for (const args of [
    ['run', '--dry-run'],
    ['run', '--dry-run', '--json'],
    ['runs', 'show', runId],
    ['inspect', 'jobs/sales.yaml'],
  ]) {
    const { code, signal, stdout, stderr } = await project.serveBatch(args, { env });
    expect(signal, args.join(' ')).toBeNull();
    expect(code === 0 || stderr !== '').toBe(true);
    expect(`${stdout}${stderr}`, args.join(' ')).not.toContain(TOKEN);
  }
  const made = await project.serveBatch(['plan', '--force', '--json'], { env });
  const folder = join((JSON.parse(made.stdout) as { readonly plan: string }).plan, '..');
  for (const file of ['plan.json', 'dispatch/0001.json']) {
    expect(await readFile(join(folder, file), 'utf8')).toContain(TOKEN);
    expect((await stat(join(folder, file))).mode & 0o007, file).toBe(0);
  }
});
