import { queueConnection } from './queue-server.ts';
import { QUEUE_NAME } from './shard-job.ts';

const ANSWER_MS = 5000;

/** Workers that listen to a queue; null: the server does not say, or not in time. */
export async function countWorkers(url: string, silenceMs = ANSWER_MS): Promise<number | null> {
  const { Queue } = await import('bullmq');
  // One connection is enough for one question.
  const connection = queueConnection(url, { over: AbortSignal.abort(), silenceMs });
  const queue = new Queue(QUEUE_NAME, { connection });
  queue.on('error', () => {});
  try {
    return await queue.getWorkersCount().catch(() => null);
  } finally {
    await queue.disconnect().catch(() => {});
  }
}
