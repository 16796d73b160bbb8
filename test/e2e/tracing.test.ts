import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { REPOSITORY } from '../support/cli.ts';
import { makeProject } from '../support/project.ts';

const PRELOAD = pathToFileURL(join(REPOSITORY, 'test/e2e/span-file.mjs')).href;

interface SpanLine {
  readonly name: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly status: { readonly code: number; readonly message?: string };
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: string | null;
  readonly pid: number;
}

it('a run is one trace through all of its processes, sent before they end', async () => {
  const project = await makeProject();
  const file = project.path('spans.ndjson');
  const env = { NODE_OPTIONS: `--import ${PRELOAD}`, SPAN_FILE: file };
  const spansOf = async (args: readonly string[]) => {
    await project.write('spans.ndjson', '');
    const result = await project.inOwnProcess(args, { env });
    const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
    return { result, spans: lines.map((line) => JSON.parse(line) as SpanLine) };
  };
  const { result, spans } = await spansOf(['run', 'sales', '--json']);
  expect(result).toMatchObject({ code: 0, stderr: expect.not.stringContaining('rror') });
  const { runId, rowsOut } = JSON.parse(result.stdout);
  const span = (name: string) => spans.find((each) => each.name === name);
  const run = span('run sales');
  expect(run).toMatchObject({
    parent: null,
    attributes: {
      'serve_batch.job': 'sales',
      'serve_batch.outcome': 'computed',
      'serve_batch.run_id': runId,
      'serve_batch.rows_out': rowsOut,
    },
  });
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  expect(span('publish')).toMatchObject({ parent: run?.spanId, pid: run?.pid });
  const task = span('task shard');
  expect(task).toMatchObject({
    ...{ parent: run?.spanId, pid: run?.pid },
    attributes: { 'serve_batch.shard': 0, 'serve_batch.run_id': runId },
  });
  const shard = span('shard');
  expect(shard?.parent).toBe(task?.spanId);
  expect(shard?.pid).not.toBe(run?.pid);

  const failed = await spansOf(['run', 'sales', '--input', 'fixtures/stores.csv']);
  expect(failed.result.code).toBe(3);
  expect(failed.spans.find(({ name }) => name === 'run sales')).toMatchObject({
    status: { code: 2, message: 'FEATURES_SELECT' },
    attributes: { 'error.type': 'FEATURES_SELECT' },
  });
});
