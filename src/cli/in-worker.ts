import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskName, TaskRequest, TaskResult } from '../tasks/tasks.ts';
import type { CliContext } from './context.ts';

/** Models and tables are opened by a worker: one that crashes native code does not end the command without a word. */
export async function inWorker<N extends TaskName>(
  { workers: source, signal }: CliContext,
  task: N,
  request: TaskRequest<N>,
): Promise<TaskResult<N>> {
  const folder = await mkdtemp(join(tmpdir(), 'serve-batch-inspect-'));
  const workers = source.start({ size: 1, place: { folder, storeUrl: null }, signal });
  try {
    return await workers.run(task, request);
  } finally {
    await workers.close();
    await rm(folder, { recursive: true, force: true });
  }
}
