import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { deserializeError, ServeBatchError } from '../../core/errors.ts';
import { mirrorOf } from '../../core/files/mirror.ts';
import type { ReportMessage, ReportRequest, ReportTask } from './report-messages.ts';

const TIMEOUT_MS = 120_000;

/**
 * Has a process of its own make the report of a run. Throws what that throws, `CHILD_DIED` where it ends without
 * an answer, and the signal's reason.
 */
export async function makeReportApart(request: ReportRequest, signal: AbortSignal): Promise<string> {
  signal.throwIfAborted();
  const child = fork(fileURLToPath(new URL('./report-child.js', import.meta.url)), [], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', kill, { once: true });
  const timer = setTimeout(kill, TIMEOUT_MS);
  try {
    const message = await answerOf(child, request);
    signal.throwIfAborted();
    if (message === undefined)
      throw new ServeBatchError('CHILD_DIED', 'The process that makes the report ended without it.');
    if ('error' in message) throw deserializeError(message.error);
    return message.page;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', kill);
    kill();
  }
}

function answerOf(child: ChildProcess, request: ReportRequest): Promise<ReportMessage | undefined> {
  return new Promise((resolve) => {
    child.on('error', () => resolve(undefined));
    child.once('message', (message) => resolve(message as ReportMessage));
    child.once('close', () => resolve(undefined));
    const mirror = mirrorOf(request.folderOfJob);
    const shown = mirror === undefined ? null : { folder: mirror.folder, address: mirror.address };
    const task: ReportTask = { ...request, shown };
    child.send(task, () => {});
  });
}
