import { parentPort, workerData } from 'node:worker_threads';
import { serializeError } from '../core/errors.ts';
import { useCopy } from './local-model.ts';
import { ModelSession } from './model-session.ts';
import type { FromThread, ThreadStart, ToThread } from './thread-messages.ts';

/**
 * The thread that a model on a device computes in. ONNX Runtime blocks the thread that calls it, also
 * while a device works: here that is not the one that makes features.
 */
const { path, file, options } = workerData as ThreadStart;

function answer(message: FromThread): void {
  parentPort?.postMessage(message);
}

async function call(session: ModelSession, message: NonNullable<ToThread>): Promise<void> {
  try {
    answer({ values: [...(await session.run(new Map(message.feeds), message.outputs))] });
  } catch (error) {
    answer({ failed: error instanceof Error ? error.message : String(error) });
  }
}

try {
  await useCopy(path, file);
  const session = await ModelSession.open(path, options);
  parentPort?.on('message', (message: ToThread) => {
    if (message !== null) return void call(session, message);
    parentPort?.close();
    void session.close();
  });
  answer({ opened: session.signature });
} catch (error) {
  answer({ error: serializeError(error) });
}
