import { queueConnection } from './queue-server.ts';
import { QUEUE_NAME } from './shard-job.ts';

/** Workers that listen to a queue; null: the server does not say. */
export async function countWorkers(url: string): Promise<number | null> {
  const { Queue } = await import('bullmq');
  const queue = new Queue(QUEUE_NAME, { connection: queueConnection(url) });
  queue.on('error', () => {});
  try {
    return await queue.getWorkersCount().catch(() => null);
  } finally {
    await queue.disconnect();
  }
}
